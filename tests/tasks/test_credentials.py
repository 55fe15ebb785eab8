"""An address with credentials is told from one without, and its refusal does not repeat it."""

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from storage.errors import WarehouseUnusableError
from storage.warehouse import Warehouse
from tasks.credentials import holds_credentials
from tasks.parameters import Encoding, Paths, WarehousePlace

SECRET = "hush+hush/hush"
HELD = [
    f"s3://AKIAX:{SECRET}@bucket/prefix",
    "s3://AKIAX@bucket",
    f"s3://bucket/prefix?secret_key={SECRET}",
    f"s3://bucket/prefix?region=x&X-Amz-Signature={SECRET}",
    f"s3://bucket/prefix?endpoint_override=user:{SECRET}@host",
    f"https://user:{SECRET}@hub/model",
]
FREE = [
    "./warehouse",
    "/srv/@home/a:b@c",
    "file:///srv/a:b@c",
    "s3://bucket/prefix?endpoint_override=minio.local:9000&scheme=http&region=us-east-1",
    "s3://bucket/gate/12:30@dusk.mp4",
    "s3://bucket/cam?/key=1/*.mp4",
    "camera:gate",
    "MCG-NJU/videomae-base",
]


@pytest.mark.parametrize("address", HELD)
def test_credentials_are_refused_and_not_repeated(address: str) -> None:
    assert holds_credentials(address)
    assert holds_credentials(f"--warehouse={address}")
    for kind, value in ((WarehousePlace, address), (Paths, [address])):
        with pytest.raises(ValidationError) as refused:
            TypeAdapter(kind).validate_python(value)
        assert "hush" not in refused.value.errors()[0]["msg"]
        assert "AWS_PROFILE" in refused.value.errors()[0]["msg"]
    with pytest.raises(ValidationError):
        Encoding(model=address)
    with pytest.raises(WarehouseUnusableError) as unusable:
        Warehouse.at(address)
    assert "hush" not in str(unusable.value)


@pytest.mark.parametrize("address", FREE)
def test_other_addresses_are_taken(address: str) -> None:
    assert not holds_credentials(address)
    assert TypeAdapter(WarehousePlace).validate_python(address) == address


@pytest.mark.parametrize("address", [*HELD, *FREE])
def test_the_schema_for_the_server_says_the_same(address: str) -> None:
    pattern = TypeAdapter(WarehousePlace).json_schema()["pattern"]
    assert bool(re.search(pattern, address)) is not holds_credentials(address)
