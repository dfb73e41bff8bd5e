list=$(mktemp) && if [ -n "${FARGATE_BATCH_ITEMS_URI:-}" ]; then aws s3 cp --only-show-errors "$FARGATE_BATCH_ITEMS_URI" "$list"; else printf '%s\n' "$FARGATE_BATCH_ITEMS" > "$list"; fi || exit 1
start=$((${AWS_BATCH_JOB_ARRAY_INDEX:-0} * FARGATE_BATCH_ITEMS_PER_CHILD + 1))
sed -n "$start,$((start + FARGATE_BATCH_ITEMS_PER_CHILD - 1))p" "$list" > items.jsonl
