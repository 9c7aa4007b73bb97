"""
Lines as programs write them, with a time of their own and without.
"""

from __future__ import annotations

import pytest

from slipway.services.logs.dated import is_dated

DATED = {
    "ISO 8601": "2026-11-27T09:21:38Z Server listening",
    "ISO 8601, an offset": "2026-11-27T09:21:38.123456+01:00 started",
    "ISO 8601, an offset without a colon": "2026-11-27T09:21:38+0100 started",
    "ISO 8601, without seconds": "2026-11-27 09:21 started",
    "ISO 8601, basic": "20261127T092138Z started",
    "python logging": "2026-11-27 09:21:38,123 INFO root: started",
    "python logging, brackets": "[2026-11-27 09:21:38,123] INFO in app: started",
    "python logging, level first": "INFO 2026-11-27 09:21:38,123 started",
    "python logging, level and colon": "WARNING:2026-11-27 09:21:38,123:root:low",
    "colour": "\x1b[32m2026-11-27 09:21:38\x1b[0m started",
    "loguru": "\x1b[32m2026-11-27 09:21:38.123\x1b[0m | \x1b[1mINFO    \x1b[0m | app:main:7 - up",
    "colour and level": "\x1b[2m\x1b[34mINFO\x1b[0m 2026-11-27T09:21:38Z up",
    "rich": "[11/27/26 09:21:38] INFO     up            app.py:7",
    "rich, time alone": "[09:21:38] INFO     up                     app.py:7",
    "gunicorn": "[2026-11-27 09:21:38 +0000] [7] [INFO] Listening at: http://0.0.0.0:8000 (7)",
    "celery": "[2026-11-27 09:21:38,123: INFO/MainProcess] celery@x ready.",
    "airflow": "[2026-11-27T09:21:38.123+0000] {taskinstance.py:1157} INFO - ok",
    "jupyter": "[I 2026-11-27 09:21:38.123 ServerApp] jupyterlab | extension was loaded.",
    "jupyter, once": "[I 09:21:38.123 NotebookApp] Serving notebooks",
    "vLLM": "INFO 11-27 09:21:38 [api_server.py:1032] Starting vLLM",
    "vLLM, a part": "(EngineCore_0 pid=71) INFO 11-27 09:21:38 [core.py:654] Waiting",
    "ray": "2026-11-27 09:21:38,123\tINFO worker.py:1841 -- Started a local Ray instance.",
    "tensorflow": "2026-11-27 09:21:38.123456: I tensorflow/core/util/port.cc:113] oneDNN",
    "klog": "I1127 09:21:38.123456       1 server.go:12] up",
    "glog": "W20261127 09:21:38.123456    12 main.cc:7] low",
    "go": "2026/11/27 09:21:38 listening",
    "go, microseconds": "2026/11/27 09:21:38.123456 main.go:7: listening",
    "gin": "[GIN] 2026/11/27 - 09:21:38 | 200 |  12.3ms | 127.0.0.1 | GET /",
    "logrus": 'time="2026-11-27T09:21:38Z" level=info msg=up',
    "slog": "time=2026-11-27T09:21:38.123Z level=INFO msg=up",
    "logfmt, later": 'level=info ts=2026-11-27T09:21:38.123Z caller=main.go:7 msg="up and running"',
    "logfmt, epoch": "level=info ts=1795771298.123 msg=up",
    "JSON, zap": '{"level":"info","ts":1795771298.1234567,"caller":"a.go:7","msg":"up"}',
    "JSON, pino": '{"level":30,"time":1795771298123,"pid":7,"msg":"up"}',
    "JSON, text": '{"time":"2026-11-27T09:21:38.123Z","level":"INFO","msg":"up"}',
    "JSON, logstash": '{"@timestamp":"2026-11-27T09:21:38.123Z","message":"up"}',
    "JSON, winston": '{"level":"info","message":"up","timestamp":"2026-11-27 09:21:38"}',
    "JSON, spaces": '{ "asctime": "2026-11-27 09:21:38,123", "message": "up" }',
    "JSON, MongoDB": '{"t":{"$date":"2026-11-27T09:21:38.123+00:00"},"s":"I","msg":"up"}',
    "JSON, coloured": '\x1b[0m{"ts":"2026-11-27T09:21:38Z","msg":"up"}\x1b[0m',
    "nginx, access": '172.17.0.1 - - [27/Nov/2026:09:21:38 +0000] "GET / HTTP/1.1" 200 615 "-"',
    "nginx, a user": 'example.org - ann [27/Nov/2026:09:21:38 +0000] "GET / HTTP/1.1" 200 615',
    "nginx, error": "2026/11/27 09:21:38 [error] 7#7: *1 open() failed",
    "apache, error": "[Fri Nov 27 09:21:38.123456 2026] [core:notice] [pid 7] up",
    "apache, access over IPv6": '::1 - - [27/Nov/2026:09:21:38 +0000] "GET / HTTP/1.1" 200 7',
    "php-fpm": "[27-Nov-2026 09:21:38] NOTICE: fpm is running, pid 7",
    "syslog, RFC 3164": "Nov 27 09:21:38 host sshd[7]: Server listening",
    "syslog, one digit": "Nov  7 09:21:38 host sshd[7]: Server listening",
    "syslog, a priority": "<34>Nov 27 09:21:38 host su: failed",
    "syslog, RFC 5424": "<165>1 2026-11-27T09:21:38.123Z host app 7 ID47 - up",
    "RFC 2822": "Fri, 27 Nov 2026 09:21:38 +0000 up",
    "HTTP": "Fri, 27 Nov 2026 09:21:38 GMT up",
    "ctime": "Fri Nov 27 09:21:38 2026 up",
    "date(1)": "Fri Nov 27 09:21:38 UTC 2026: up",
    "date(1), AM": "Fri Nov 27 09:21:38 AM UTC 2026: up",
    "java.util.logging": "Nov 27, 2026 9:21:38 AM org.apache.catalina.startup.Catalina start",
    "tomcat": "27-Nov-2026 09:21:38.123 INFO [main] org.apache.catalina.startup.Catalina.start",
    "spring": "2026-11-27T09:21:38.123Z  INFO 7 --- [main] c.e.App : Started",
    "log4j": "2026-11-27 09:21:38.123 [main] INFO  c.e.App - Started",
    "logback": "09:21:38.123 [main] INFO  c.e.App -- Started",
    "spark": "26/11/27 09:21:38 INFO SparkContext: Running Spark version 3.5.0",
    "elasticsearch": "[2026-11-27T09:21:38,123][INFO ][o.e.n.Node] [x] started",
    "nest": "[Nest] 7  - 11/27/2026, 9:21:38 AM     LOG [NestFactory] Starting",
    "env_logger": "[2026-11-27T09:21:38Z INFO  app] up",
    "tracing": "\x1b[2m2026-11-27T09:21:38.123456Z\x1b[0m \x1b[32m INFO\x1b[0m app: up",
    "postgres": "2026-11-27 09:21:38.123 UTC [7] LOG:  database system is ready",
    "redis": "7:M 27 Nov 2026 09:21:38.123 * Ready to accept connections tcp",
    "mysql": "2026-11-27T09:21:38.123456Z 0 [System] [MY-010116] [Server] starting",
    "mysql, once": "261127  9:21:38 [Note] mysqld: ready for connections.",
    "German": "27.11.2026 09:21:38 gestartet",
    "two digits": "27/11/26 09:21:38 up",
    "squid": "1795771298.123    200 172.17.0.1 TCP_MISS/200 615 GET http://example.org/ -",
    "epoch": "1795771298 INFO up",
    "epoch, milliseconds": "1795771298123 [main] up",
    "epoch, brackets": "[1795771298] up",
    "dmesg": "[   12.345678] usb 1-1: new device",
    "dmesg, days": "[123456.789012] usb 1-1: new device",
    "Xorg": "[    12.345] (II) Loading extension GLX",
    "Rails": "I, [2026-11-27T09:21:38.123456 #7]  INFO -- : up",
    "Erlang": "=INFO REPORT==== 27-Nov-2026::09:21:38.123456 ===",
    "Elixir": "09:21:38.123 [info] Running Endpoint",
    "zerolog": "\x1b[90m9:21AM\x1b[0m \x1b[32mINF\x1b[0m up",
    "envoy": "[2026-11-27 09:21:38.123][7][info][main] up",
    "a level in brackets": "[INFO] 2026-11-27 09:21:38 up",
    "a small level": "info 2026-11-27 09:21:38 up",
    "parentheses": "(2026-11-27 09:21:38) up",
    "an access log of a proxy": "[27/Nov/2026:09:21:38 +0000] 200 GET /",
    "nanoseconds": "2026-11-27T09:21:38,123456789+00:00 up",
    "dots": "2026.11.27 09:21:38 up",
    "American": "11/27/2026 9:21:38 AM up",
    "indented": "  2026-11-27 09:21:38 up",
    "quoted": '"2026-11-27 09:21:38","up"',
}
UNDATED = {
    "nothing": "",
    "words": "Server listening on 0.0.0.0 port 22.",
    "a date alone": "2026-11-27 is the day of the release",
    "a date later": "released on 2026-11-27 09:21:38",
    "a deadline": "deadline: 2026-11-27 09:21:38",
    "no month": "2026-13-45 09:21:38 is none",
    "no hour": "2026-11-27 29:71:38 is none",
    "a duration": "00:01:23 elapsed",
    "a duration of ffmpeg": "time=00:01:02.03 bitrate=1200kbits/s",
    "ffmpeg": "frame=  100 fps= 25 q=28.0 size=     256kB time=00:00:04.00 bitrate= 524.3kbits/s",
    "tqdm": " 45%|####      | 45/100 [00:12<00:15,  3.67it/s]",
    "a run's time": "0:00:05.123 total",
    "a wait": "Retry in 00:00:05.123 s",
    "Rails, a request": 'Started GET "/" for 127.0.0.1 at 2026-11-27 09:21:38 +0000',
    "rows": "123456789012 rows",
    "a day's files": "20261127 files",
    "a hardware address": "12:34:56:78:9a:bc is up",
    "an IPv6 address": "2001:db8:11:27::1 answers",
    "an address": "10.11.27.9:21 connected",
    "a port": "127.0.0.1:8000 - GET / HTTP/1.1 200",
    "uvicorn": 'INFO:     172.17.0.1:52118 - "GET / HTTP/1.1" 200 OK',
    "bytes": "1795771298 bytes (1.8 GB, 1.7 GiB) copied, 2.5 s, 718 MB/s",
    "seconds": "1795771298.123 seconds since 1970",
    "a version": "3.11.2 (main, Nov 27 2026, 09:21:38) [GCC 12.2.0]",
    "a kernel": "Linux version 6.1.0 (gcc 12.2.0) #1 SMP Debian 6.1.1 (2026-11-27)",
    "a ratio": "16:9 is the picture's shape",
    "a time of day": "09:21 is when the train leaves",
    "loss": "Epoch 12/100: loss 0.1234, 12:34 left",
    "numbers": "[12/100] loss=0.5",
    "a level": "[INFO] up",
    "NCCL": "host:71:71 [0] NCCL INFO Bootstrap: using eth0:172.17.0.2<0>",
    "JSON without": '{"level":"info","msg":"up"}',
    "JSON, a duration": '{"msg":"done","time":12.5}',
    "JSON, within": '{"msg":"up","user":{"time":"2026-11-27T09:21:38Z"}}',
    "JSON, a text": '{"msg":"at 2026-11-27T09:21:38Z it ended"}',
    "JSON, a date alone": '{"date":"2026-11-27","msg":"up"}',
    "JSON, broken": '{"time":"2026-11-27T09:21:38Z","msg":',
    "JSON, a list": '["2026-11-27T09:21:38Z"]',
    "JSON, true": '{"time":true,"ts":null,"x":"09:21:38"}',
    "logfmt, a text": 'level=info msg="time=2026-11-27T09:21:38Z was asked for"',
    "logfmt, another field": "level=info deadline=2026-11-27T09:21:38Z",
    "ls": "-rw-r--r-- 1 root root 615 Nov 27 09:21 index.html",
    "a file": "backup-20261127T092138Z.tar.gz was written",
    "a phone": "0301234567 is the number",
    "a certificate": "notAfter=Nov 27 09:21:38 2026 GMT",
    "last": "root     pts/0        172.17.0.1       Fri Nov 27 09:21 - 09:22  (00:01)",
    "a traceback": '  File "/srv/2026-11-27/09:21:38.py", line 7, in main',
    "an access without a request": "ann was here [27/Nov/2026:09:21:38 +0000] she says",
}


@pytest.mark.parametrize("form", DATED)
def test_a_line_with_a_time_of_its_own(form: str) -> None:
    """
    As programs write it.
    """
    assert is_dated(DATED[form].encode())


@pytest.mark.parametrize("form", UNDATED)
def test_a_line_that_merely_has_numbers(form: str) -> None:
    """
    It gets ours.
    """
    assert not is_dated(UNDATED[form].encode())


@pytest.mark.parametrize(
    "line", [b"\xff\xfe 12:34", b"[" * 5000 + b"1:23", b"a=b " * 5000 + b"9:21"]
)
def test_any_bytes_are_read_at_once(line: bytes) -> None:
    """
    A line of a user's program may be anything.
    """
    assert not is_dated(line)
