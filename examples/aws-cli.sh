#!/bin/sh
# The life of a model with the AWS CLI (a version that still knows the service: Debian's awscli 2.9 does) and curl.
#
#   npm run samples && npm start          # in one terminal
#   sh examples/aws-cli.sh                # in another; ENDPOINT and DATA_DIR as the host has them, if not the defaults
#
# Against a host with CROWSNEST_KEYS set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to one of its keys.
set -eu

ENDPOINT=${ENDPOINT:-http://127.0.0.1:8080}
SAMPLES=${DATA_DIR:-data}/s3/crowsnest-samples/parts/test
AWS=${AWS:-aws}
export AWS_ACCESS_KEY_ID="${AWS_ACCESS_KEY_ID:-any}" AWS_SECRET_ACCESS_KEY="${AWS_SECRET_ACCESS_KEY:-any}"
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}" AWS_PAGER=""

PROJECT=walk-$$
cn() { "$AWS" lookoutvision --endpoint-url "$ENDPOINT" "$@"; }
status() { cn describe-model --project-name "$PROJECT" --model-version 1 --query ModelDescription.Status --output text; }
# Asks again while the status is the one given, as every client of the service did.
while_it_is() { while [ "$(status)" = "$1" ]; do sleep 0.2; done; status; }

cn create-project --project-name "$PROJECT"

# The one call that the CLI does not know: an extension, for models that were trained elsewhere.
curl -sS --fail-with-body "$ENDPOINT/2020-11-20/projects/$PROJECT/models/import" \
  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --aws-sigv4 "aws:amz:$AWS_DEFAULT_REGION:lookoutvision" \
  -H 'content-type: application/json' \
  -d '{"Source": {"S3": {"Bucket": "crowsnest-samples", "Prefix": "model/"}}, "Description": "sample"}'
echo
while_it_is TRAINING
cn list-models --project-name "$PROJECT"

ARN=$(cn describe-model --project-name "$PROJECT" --model-version 1 --query ModelDescription.ModelArn --output text)
cn tag-resource --resource-arn "$ARN" --tags Key=line,Value=4 "Key=a b,Value=ü"
cn list-tags-for-resource --resource-arn "$ARN"
cn untag-resource --resource-arn "$ARN" --tag-keys "a b"

cn start-model --project-name "$PROJECT" --model-version 1 --min-inference-units 1 --client-token "start-$PROJECT"
while_it_is STARTING_HOSTING

for picture in "$SAMPLES"/normal/01.jpg "$SAMPLES"/anomaly/01-*.jpg; do
  echo "$picture"
  cn detect-anomalies --project-name "$PROJECT" --model-version 1 --content-type image/jpeg --body "$picture" \
    --query 'DetectAnomalyResult.[IsAnomalous, Confidence]' --output text
done

cn stop-model --project-name "$PROJECT" --model-version 1
while_it_is STOPPING_HOSTING
cn delete-model --project-name "$PROJECT" --model-version 1
while [ "$(cn list-models --project-name "$PROJECT" --query 'length(Models)')" != 0 ]; do sleep 0.2; done
cn delete-project --project-name "$PROJECT"
