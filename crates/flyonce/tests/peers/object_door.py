"""A dock's uploads by software that shares nothing with this repository: keys over MQTT (paho), objects by boto3.

    object_door.py MQTT_PORT GATEWAY_SN

Asks for the storage's keys as the dock does, brings objects whole, in parts and in signed chunks, tries what has to be
refused, and prints JSON of what it saw.
"""

import hashlib
import hmac
import json
import queue
import sys
import uuid
from urllib.parse import urlsplit

import boto3
import paho.mqtt.client as mqtt
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

MIB = 1024 * 1024


def storage(port, sn):
    """The answer to `storage_config_get`."""
    answers = queue.Queue()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"door-{uuid.uuid4()}", protocol=mqtt.MQTTv5)
    tid = str(uuid.uuid4())

    def heard(_client, _userdata, message):
        said = json.loads(message.payload)
        if said.get("tid") == tid:
            answers.put(said["data"])

    client.on_message = heard
    client.connect("127.0.0.1", port)
    client.subscribe(f"thing/product/{sn}/requests_reply", qos=1)
    client.loop_start()
    question = {"tid": tid, "bid": tid, "timestamp": 1, "gateway": sn, "method": "storage_config_get", "data": {"module": 0}}
    for _ in range(20):
        client.publish(f"thing/product/{sn}/requests", json.dumps(question), qos=1)
        try:
            data = answers.get(timeout=5)
            break
        except queue.Empty:
            continue
    client.loop_stop()
    client.disconnect()
    assert data["result"] == 0, data
    return data["output"]


def client_of(found, secret=None, **config):
    keys = found["credentials"]
    return boto3.client(
        "s3",
        endpoint_url=found["endpoint"],
        region_name=found["region"],
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=secret or keys["access_key_secret"],
        aws_session_token=keys["security_token"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path", **config}, retries={"max_attempts": 1}),
    )


def in_parts(s3, bucket, key):
    """Three parts, out of order, one of them twice; a second upload is given up."""
    parts = [bytes([number]) * (5 * MIB if number < 3 else MIB) for number in (1, 2, 3)]
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]

    def bring(number, body):
        return s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]

    bring(2, b"an earlier try")
    tags = {number: bring(number, parts[number - 1]) for number in (3, 1, 2)}
    listed = {"Parts": [{"PartNumber": number, "ETag": tags[number]} for number in (1, 2, 3)]}
    done = s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=listed)
    again = s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=listed)
    assert again["ETag"] == done["ETag"], "who lost the answer may ask again"
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    expected = f'"{hashlib.md5(digests).hexdigest()}-3"'
    other = s3.create_multipart_upload(Bucket=bucket, Key=key + ".other")["UploadId"]
    s3.upload_part(Bucket=bucket, Key=key + ".other", UploadId=other, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key=key + ".other", UploadId=other)
    gone = code(lambda: s3.upload_part(Bucket=bucket, Key=key + ".other", UploadId=other, PartNumber=1, Body=b"x"))
    wrong = {"Parts": [{"PartNumber": 1, "ETag": '"' + "0" * 32 + '"'}]}
    third = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    missing = code(lambda: s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=third, MultipartUpload=wrong))
    size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    return {"etag": done["ETag"] == expected, "size": size, "after_abort": gone, "missing_part": missing}


def in_chunks(found, key, spoil=False):
    """A body in signed chunks with a signed trailer, by the rules of AWS's documentation. Answers status and text."""
    keys = found["credentials"]
    body = b"".join(bytes([number]) * 70_000 for number in range(3))
    url = f"{found['endpoint']}/{found['bucket']}/{key}"
    request = AWSRequest("PUT", url, headers={
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(len(body)),
        "x-amz-trailer": "x-amz-checksum-sha256",
        "content-encoding": "aws-chunked",
        "host": urlsplit(url).netloc,
    })
    signer = S3SigV4Auth(Credentials(keys["access_key_id"], keys["access_key_secret"], keys["security_token"]), "s3", found["region"])
    signer.payload = lambda _request: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    signer.add_auth(request)
    at = request.headers["X-Amz-Date"]
    previous = request.headers["Authorization"].rsplit("Signature=", 1)[1]
    scope = [at[:8], found["region"], "s3", "aws4_request"]
    key_bytes = ("AWS4" + keys["access_key_secret"]).encode()
    for part in scope:
        key_bytes = hmac.new(key_bytes, part.encode(), hashlib.sha256).digest()

    def sign(kind, rest):
        nonlocal previous
        text = "\n".join([kind, at, "/".join(scope), previous, *rest])
        previous = hmac.new(key_bytes, text.encode(), hashlib.sha256).hexdigest()
        return previous

    sent = b""
    empty = hashlib.sha256(b"").hexdigest()
    for chunk in [body[:65_536], body[65_536:131_072], body[131_072:], b""]:
        signature = sign("AWS4-HMAC-SHA256-PAYLOAD", [empty, hashlib.sha256(chunk).hexdigest()])
        sent += f"{len(chunk):x};chunk-signature={signature}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
    trailer = "x-amz-checksum-sha256:" + hashlib.sha256(body).hexdigest()
    signature = sign("AWS4-HMAC-SHA256-TRAILER", [hashlib.sha256((trailer + "\n").encode()).hexdigest()])
    sent += f"{trailer}\r\nx-amz-trailer-signature:{signature}\r\n\r\n".encode()
    if spoil:
        sent = sent.replace(b"\x01\x01\x01", b"\x01\x02\x01", 1)
    request.data = sent
    answer = URLLib3Session().send(request.prepare())
    return answer.status_code, hashlib.md5(body).hexdigest() in answer.headers.get("etag", ""), answer.text


def code(ask):
    try:
        ask()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def main():
    found = storage(int(sys.argv[1]), sys.argv[2])
    bucket, key = found["bucket"], found["object_key_prefix"] + "/a folder/照片 1.jpg"
    s3 = client_of(found)
    whole = s3.put_object(Bucket=bucket, Key=key, Body=b"one photo")
    unsigned = client_of(found, payload_signing_enabled=False).put_object(Bucket=bucket, Key=key + ".2", Body=b"x" * 100_000)
    chunked = in_chunks(found, "chunked.bin")
    spoilt = in_chunks(found, "spoilt.bin", spoil=True)
    print(json.dumps({
        "whole": whole["ETag"] == f'"{hashlib.md5(b"one photo").hexdigest()}"',
        "unsigned": unsigned["ETag"] == f'"{hashlib.md5(b"x" * 100_000).hexdigest()}"',
        "parts": in_parts(s3, bucket, key),
        "chunked": chunked[:2],
        "chunked_text": chunked[2],
        "spoilt": [spoilt[0], "SignatureDoesNotMatch" in spoilt[2]],
        "wrong_secret": code(lambda: client_of(found, secret="no").put_object(Bucket=bucket, Key=key, Body=b"x")),
        "other_bucket": code(lambda: s3.put_object(Bucket="other", Key=key, Body=b"x")),
    }))


if __name__ == "__main__":
    main()
