from structlog.testing import capture_logs

from services.api.health.news import ReadinessNews


class TestNote:
    def test_tells_each_change_once(self) -> None:
        news = ReadinessNews()
        with capture_logs() as lines:
            for red in ([], ["worker"], ["worker"], ["worker", "broker"], [], []):
                news.note(red)
        assert [(line["event"], line.get("red")) for line in lines] == [
            ("readiness.red", ["worker"]),
            ("readiness.red", ["broker", "worker"]),
            ("readiness.green", None),
        ]
