"""Walks the life of a model through boto3 alone, and prints what it saw as one line of JSON. Its argument is a JPEG picture."""
import json
import os
import sys

import boto3
import botocore.loaders
from botocore.exceptions import ClientError, WaiterError

if "WITHOUT_SERVICE" in os.environ:  # a botocore that has dropped the service: its own data, less one folder
    botocore.loaders.Loader.BUILTIN_DATA_PATH = os.environ["WITHOUT_SERVICE"]

seen = {}
client = boto3.client("lookoutvision")


def note(request, **_):
    seen.setdefault("scopes", set()).add(request.headers["Authorization"].split(b"Credential=")[1].split(b",")[0].decode().split("/")[3])


client.meta.events.register("before-send.lookoutvision", note)

for name in ("walk-a", "walk-b", "walk-c"):
    client.create_project(ProjectName=name)
pages = list(client.get_paginator("list_projects").paginate(PaginationConfig={"PageSize": 1}))
seen["pages"] = [[project["ProjectName"] for project in page["Projects"]] for page in pages]

try:
    client.create_project(ProjectName="walk-a")
except client.exceptions.ConflictException as error:
    seen["conflict"] = [error.response["ResourceType"], error.response["ResourceId"]]

version = client.import_model(ProjectName="walk-a", Source={"S3": {"Bucket": "models", "Prefix": "part/"}})["ModelMetadata"]["ModelVersion"]
model = {"ProjectName": "walk-a", "ModelVersion": version}
soon = {"Delay": 1, "MaxAttempts": 20}
client.get_waiter("model_trained").wait(**model, WaiterConfig=soon)
try:
    client.get_waiter("model_hosted").wait(**model, WaiterConfig=soon)
except WaiterError as error:
    seen["waited"] = [error.kwargs["reason"], error.last_response["ModelDescription"]["Status"]]
seen["start"] = client.start_model(**model, MinInferenceUnits=1)["Status"]
client.get_waiter("model_hosted").wait(**model, WaiterConfig=soon)
with open(sys.argv[1], "rb") as picture:
    seen["verdict"] = client.detect_anomalies(**model, ContentType="image/jpeg", Body=picture)["DetectAnomalyResult"]
arn = client.describe_model(**model)["ModelDescription"]["ModelArn"]
client.tag_resource(ResourceArn=arn, Tags=[{"Key": "line", "Value": "4"}])
seen["tags"] = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
client.stop_model(**model)
client.get_waiter("model_stopped").wait(**model, WaiterConfig=soon)
client.delete_model(**model)
try:
    client.describe_model(ProjectName="walk-none", ModelVersion="1")
except client.exceptions.ResourceNotFoundException as error:
    seen["missing"] = error.response["ResourceType"]
try:
    client.describe_model(ProjectName="not a name", ModelVersion="1")
except ClientError as error:
    seen["invalid"] = type(error).__name__
for name in ("walk-b", "walk-c"):
    client.delete_project(ProjectName=name)

seen["scopes"] = sorted(seen["scopes"])
print(json.dumps(seen))
