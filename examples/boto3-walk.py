"""The life of a model with boto3 (a version that still knows the service: Debian's python3-boto3 1.26 does).

    npm run samples && npm start              # in one terminal
    /usr/bin/python3 examples/boto3-walk.py   # in another; ENDPOINT and DATA_DIR as the host has them, if not the defaults

Against a host with CROWSNEST_KEYS set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to one of its keys.
"""
import json
import os
import pathlib
import time
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

endpoint = os.environ.get("ENDPOINT", "http://127.0.0.1:8080")
pictures = pathlib.Path(os.environ.get("DATA_DIR", "data"), "s3/crowsnest-samples/parts/test")
region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
session = boto3.Session(
    aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "any"),
    aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "any"),
    region_name=region,
)
client = session.client("lookoutvision", endpoint_url=endpoint)
project = f"walk-{os.getpid()}"
model = {"ProjectName": project, "ModelVersion": "1"}


def import_model(bucket, prefix):
    """The one call that boto3 does not know: an extension, for models that were trained elsewhere."""
    body = json.dumps({"Source": {"S3": {"Bucket": bucket, "Prefix": prefix}}}).encode()
    request = AWSRequest("POST", f"{endpoint}/2020-11-20/projects/{project}/models/import", {"content-type": "application/json"}, body)
    SigV4Auth(session.get_credentials(), "lookoutvision", region).add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(request.url, body, dict(request.headers), method="POST")) as answer:
        return json.load(answer)["ModelMetadata"]


def while_it_is(status):
    """Asks again while the status is the one given, as every client of the service did."""
    while True:
        described = client.describe_model(**model)["ModelDescription"]
        if described["Status"] != status:
            print(described["Status"], "-", described["StatusMessage"])
            return described
        time.sleep(0.2)


print(client.create_project(ProjectName=project)["ProjectMetadata"]["ProjectArn"])
print(import_model("crowsnest-samples", "model/")["StatusMessage"])
described = while_it_is("TRAINING")
print("F1", described["Performance"]["F1Score"])

arn = described["ModelArn"]
client.tag_resource(ResourceArn=arn, Tags=[{"Key": "line", "Value": "4"}, {"Key": "a b+c", "Value": "ü"}])
client.untag_resource(ResourceArn=arn, TagKeys=["a b+c"])
print(client.list_tags_for_resource(ResourceArn=arn)["Tags"])

print(client.start_model(**model, MinInferenceUnits=1, ClientToken=f"start-{project}")["Status"])
try:
    client.start_model(**model, MinInferenceUnits=1)
except client.exceptions.ConflictException as conflict:
    print(conflict.response["Error"]["Message"])
while_it_is("STARTING_HOSTING")
for picture in [pictures / "normal/01.jpg", *sorted((pictures / "anomaly").glob("*.jpg"))[:1]]:
    with picture.open("rb") as body:
        result = client.detect_anomalies(**model, ContentType="image/jpeg", Body=body)["DetectAnomalyResult"]
    print(picture.name, "anomalous" if result["IsAnomalous"] else "normal", round(result["Confidence"], 3))

print(client.stop_model(**model)["Status"])
while_it_is("STOPPING_HOSTING")
client.delete_model(**model)
while client.list_models(ProjectName=project)["Models"]:
    time.sleep(0.2)
client.delete_project(ProjectName=project)
