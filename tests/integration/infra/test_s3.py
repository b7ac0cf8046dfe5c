"""The S3 server of the local stack and of the tests."""

from tests.fixtures.stack import LazyServers

# A session makes a bucket per test, and each that is written to takes a volume.
TESTS = 5_000


class TestS3:
    def test_has_room_for_every_test_s_bucket_whatever_the_disk(
        self, lazy_servers: LazyServers
    ) -> None:
        topology = lazy_servers.having("s3").s3.topology()
        assert topology["Max"] > TESTS
