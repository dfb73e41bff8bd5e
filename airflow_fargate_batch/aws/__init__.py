"""The calls of AWS through botocore: one request each, core values out."""
