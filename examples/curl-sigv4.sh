#!/bin/sh
# The API without any SDK: curl signs for itself (7.75 and later). Shows errors, pictures and an ARN in a path.
#
#   npm start                                   # in one terminal
#   sh examples/curl-sigv4.sh [picture.jpg]     # in another
#
# Against API Gateway: ENDPOINT, AWS credentials in the environment, and SIGNING_NAME=execute-api.
set -eu

ENDPOINT=${ENDPOINT:-http://127.0.0.1:8080}
REGION=${AWS_DEFAULT_REGION:-us-east-1}
SIGNING_NAME=${SIGNING_NAME:-lookoutvision}
AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-any}
AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-any}
PROJECT=curl-$$

# The secret goes in by a pipe, because anybody on the machine can read a command line. curl signs what it sends, the body's hash included.
cn() {
  method=$1 path=$2
  shift 2
  printf 'user = "%s:%s"\n%s' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" \
    "${AWS_SESSION_TOKEN:+header = \"X-Amz-Security-Token: $AWS_SESSION_TOKEN\"}" |
    curl -sS -K - --aws-sigv4 "aws:amz:$REGION:$SIGNING_NAME" -X "$method" -w '  (%{http_code})\n' "$ENDPOINT/2020-11-20$path" "$@"
}

echo "== make a project, twice with the same token: one project, and the same answer"
for _ in 1 2; do
  cn POST /projects -H 'content-type: application/json' -H "x-amzn-client-token: create-$PROJECT" -d "{\"ProjectName\": \"$PROJECT\"}"
done

echo "== a name that is taken: 409, its type in a header as SDKs read it"
cn POST /projects -H 'content-type: application/json' -d "{\"ProjectName\": \"$PROJECT\"}" -D /dev/stderr 2>&1 | grep -i -e errortype -e Message

echo "== the models of the project"
cn GET "/projects/$PROJECT/models"

echo "== a picture for a model that is not there: 404"
if [ $# -gt 0 ]; then
  cn POST "/projects/$PROJECT/models/1/detect" -H 'content-type: image/jpeg' --data-binary "@$1"
else
  cn POST "/projects/$PROJECT/models/1/detect" -H 'content-type: image/jpeg' -d 'no picture'
fi

echo "== and away with it"
cn DELETE "/projects/$PROJECT"
