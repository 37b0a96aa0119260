"""The order of calls of AWS's own example: list, upload, manifest, dataset, training, start, verdicts, stop.

Arguments: a folder with good/ and bad/, and a project. The endpoint is AWS_ENDPOINT_URL; where botocore is older
than that variable, ENDPOINT says it in the code.
"""

import json
import os
import sys
import time
import urllib.request

import boto3

folder, project = sys.argv[1:]
given = {"endpoint_url": os.environ["ENDPOINT"]} if "ENDPOINT" in os.environ else {}
s3 = boto3.client("s3", **given)
lookout = boto3.client("lookoutvision", **given)
bucket = f"{project}-bucket"


def wait(done):
    deadline = time.time() + 300
    while True:
        found = done()
        if found:
            return found
        assert time.time() < deadline
        time.sleep(0.2)


s3.create_bucket(Bucket=bucket)
assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
for label in ("good", "bad"):
    for name in sorted(os.listdir(os.path.join(folder, label))):
        s3.upload_file(os.path.join(folder, label, name), bucket, f"images/{label}/{name}")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="images/", PaginationConfig={"PageSize": 7})
keys = [each["Key"] for page in pages for each in page["Contents"]]
resource = boto3.resource("s3", **given).Bucket(bucket)
assert keys == [each.key for each in resource.objects.filter(Prefix="images/")]
lines = [
    json.dumps(
        {
            "source-ref": f"s3://{bucket}/{key}",
            "anomaly-label": int("/bad/" in key),
            "anomaly-label-metadata": {
                "confidence": 1,
                "job-name": "labeling-job/anomaly-label",
                "class-name": "anomaly" if "/bad/" in key else "normal",
                "human-annotated": "yes",
                "creation-date": "2022-08-22T13:52:52",
                "type": "groundtruth/image-classification",
            },
        }
    )
    for key in keys
]
s3.put_object(Bucket=bucket, Key="train.manifest", Body="\n".join(lines).encode())

lookout.create_project(ProjectName=project)
source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Key": "train.manifest"}}}
lookout.create_dataset(ProjectName=project, DatasetType="train", DatasetSource=source)


def dataset():
    found = lookout.describe_dataset(ProjectName=project, DatasetType="train")["DatasetDescription"]
    return None if found["Status"] == "CREATE_IN_PROGRESS" else found


created = wait(dataset)
assert created["Status"] == "CREATE_COMPLETE", created
output = {"S3Location": {"Bucket": bucket, "Prefix": "output/"}}
version = lookout.create_model(ProjectName=project, OutputConfig=output)["ModelMetadata"]["ModelVersion"]
model = {"ProjectName": project, "ModelVersion": version}


def status(*passing):
    def look():
        found = lookout.describe_model(**model)["ModelDescription"]
        return None if found["Status"] in passing else found

    return wait(look)


trained = status("TRAINING")
assert trained["Status"] == "TRAINED", trained
results = s3.list_objects_v2(Bucket=bucket, Prefix="output/")["Contents"]
lookout.start_model(MinInferenceUnits=1, **model)
assert status("STARTING_HOSTING")["Status"] == "HOSTED"
picture = s3.get_object(Bucket=bucket, Key=keys[0])["Body"].read()
verdict = lookout.detect_anomalies(ContentType="image/png", Body=picture, **model)["DetectAnomalyResult"]
lookout.stop_model(**model)
assert status("STOPPING_HOSTING")["Status"] == "TRAINED"

# Above 8 MB boto3 uploads in parts, and downloads in ranges.
large = os.path.join(folder, "large")
with open(large, "wb") as file:
    file.write(os.urandom(20 * 1024 * 1024))
s3.upload_file(large, bucket, "large")
s3.download_file(bucket, "large", large + ".again")
with open(large, "rb") as one, open(large + ".again", "rb") as other:
    assert one.read() == other.read()
s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copied")

presigned = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": keys[0]}, ExpiresIn=60)
assert urllib.request.urlopen(presigned).read() == picture
upload = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "put"}, ExpiresIn=60)
urllib.request.urlopen(urllib.request.Request(upload, data=b"sent", method="PUT", headers={"Content-Type": ""}))
assert s3.get_object(Bucket=bucket, Key="put")["Body"].read() == b"sent"
try:
    s3.head_object(Bucket=bucket, Key="none")
    missing = None
except s3.exceptions.ClientError as error:
    missing = error.response["Error"]["Code"]

resource.objects.all().delete()
s3.delete_bucket(Bucket=bucket)
print(
    json.dumps(
        {
            "images": created["ImageStats"]["Labeled"],
            "results": len(results) > 0,
            "anomalous": verdict["IsAnomalous"],
            "missing": missing,
            "left": bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]],
        }
    )
)
