"""The files for stock TensorFlow Serving, parsed as what they are."""

import re
from pathlib import Path

import crossplane
import kubernetes_validate
import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from tensorflow_serving.config import model_server_config_pb2

from serving import backend
from serving.options import Options
from tests.test_serving_program import certificates  # noqa: F401

FILES = Path(backend.CONFIGS)
MANIFESTS = sorted(FILES.glob("kubernetes/*.yaml"))

# Those of TensorFlow Serving's messages that its Python package leaves out.
MESSAGES = {
    "SSLConfig": [
        ("server_key", "string"),
        ("server_cert", "string"),
        ("custom_ca", "string"),
        ("client_verify", "bool"),
    ],
    "PrometheusConfig": [("enable", "bool"), ("path", "string")],
    "MonitoringConfig": [("prometheus_config", ".test.PrometheusConfig")],
}


@pytest.fixture(scope="module")
def messages():
    file = descriptor_pb2.FileDescriptorProto(name="test.proto", package="test", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, 1):
            entry = message.field.add(name=field, number=number, label=1)
            if kind.startswith("."):
                entry.type, entry.type_name = entry.TYPE_MESSAGE, kind
            else:
                entry.type = getattr(entry, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.Default()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"test.{name}"))
        for name in MESSAGES
    }


def parse(name, message):
    return text_format.Parse((FILES / name).read_text(), message)


def test_models_config():
    config = parse("models.config", model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.model_platform) == ("tfpaint", "tensorflow")
    assert set(model.version_labels) == {"stable", "canary"}
    assert set(model.version_labels.values()) <= set(model.model_version_policy.specific.versions)


def test_monitoring_config_is_where_the_embedded_server_has_it(messages):
    from serving.rest_api import METRICS_PATH

    config = parse("monitoring.config", messages["MonitoringConfig"]())
    assert config.prometheus_config.enable and config.prometheus_config.path == METRICS_PATH


def test_ssl_configs(messages, certificates, tmp_path):  # noqa: F811
    example = parse("ssl.config", messages["SSLConfig"]())
    assert example.client_verify and example.server_key.endswith("-----\n")
    options = Options(
        model=tmp_path,
        host="0.0.0.0",
        tls_cert=certificates / "server.crt",
        tls_key=certificates / "server.key",
        tls_client_ca=certificates / "ca.crt",
        labels={"stable": 1, "canary": 2},
    )
    command = backend.command(options)
    flags = dict(flag.removeprefix("--").split("=", 1) for flag in command[1:])
    made = messages["SSLConfig"]()
    text_format.Parse(Path(flags["ssl_config_file"]).read_text(), made)
    assert made.server_key == (certificates / "server.key").read_text()
    assert made.custom_ca == (certificates / "ca.crt").read_text() and made.client_verify
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse(Path(flags["model_config_file"]).read_text(), config)
    (model,) = config.model_config_list.config
    assert dict(model.version_labels) == options.labels
    assert list(model.model_version_policy.specific.versions) == [1, 2]
    assert "--allow_version_labels_for_unavailable_models=true" in command
    assert "--rest_api_port=0" in command, "it cannot encrypt REST"


def load(path):
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_manifests_fit_their_schemas(path):
    for manifest in load(path):
        if manifest["kind"] == "Kustomization":
            listed = [*manifest["resources"], *manifest["configMapGenerator"][0]["files"]]
            assert all((path.parent / name).exists() for name in listed)
        else:
            kubernetes_validate.validate(manifest, "1.30", strict=True)


def test_compose_and_kubernetes_say_the_same():
    compose = yaml.safe_load((FILES / "compose.yaml").read_text())["services"]
    deployment = load(FILES / "kubernetes" / "deployment.yaml")[0]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    serving = compose["tf-serving"]
    assert serving["image"] == container["image"]
    assert serving["command"] == container["args"]
    assert "--enable_batching=true" not in serving["command"]
    assert "ports" not in serving, "reached through the proxy only"
    flags = dict(flag.removeprefix("--").split("=", 1) for flag in serving["command"])
    for name in ("model_config_file", "monitoring_config_file"):
        assert (FILES / Path(flags[name]).name).exists()
    mounted = [
        volume.split(":")[0] for service in compose.values() for volume in service["volumes"]
    ]
    made_later = {"../../out/models", "../../out/tls", "../../export/web", "/var/spool/nginx"}
    for path in set(mounted) - made_later:
        assert (FILES / path).exists()
    assert container["readinessProbe"]["grpc"]["port"] == 8500
    assert {"requests", "limits"} == set(container["resources"])


def seconds(text):
    return int(text.removesuffix("s"))


def flag(container, name):
    (value,) = re.findall(rf"\b{re.escape(name)}=(\d+)", " ".join(container))
    return int(value) / 1000


def test_nothing_takes_a_server_that_warms_up_for_a_broken_one():
    serving = yaml.safe_load((FILES / "compose.yaml").read_text())["services"]["tf-serving"]
    deployment = load(FILES / "kubernetes" / "deployment.yaml")[0]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    probe = container["startupProbe"]
    start = seconds(serving["healthcheck"]["start_period"])
    assert start == probe["periodSeconds"] * probe["failureThreshold"] >= 300


def test_servers_are_drained_before_they_end():
    """Stock TensorFlow Serving drops what is running as soon as it gets SIGTERM."""
    parsed = crossplane.parse(str(FILES / "nginx.conf"))["config"][0]["parsed"]
    patience = max(
        seconds(args[0]) for name, args in directives(parsed) if name == "grpc_read_timeout"
    )
    compose = yaml.safe_load((FILES / "compose.yaml").read_text())["services"]
    assert "tf-serving" in compose["proxy"]["depends_on"], "so that the proxy stops first"
    assert compose["proxy"]["stop_signal"] == "SIGQUIT"
    assert seconds(compose["proxy"]["stop_grace_period"]) > patience

    pod = load(FILES / "kubernetes" / "deployment.yaml")[0]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (_, sleep) = container["lifecycle"]["preStop"]["exec"]["command"]
    renewed = 1.1 * flag(container["args"], "grpc.max_connection_age_ms")
    longest = flag(container["args"], "rest_api_timeout_in_ms")
    assert int(sleep) > renewed + longest
    assert pod["terminationGracePeriodSeconds"] > int(sleep)


def directives(block):
    for one in block:
        yield one["directive"], one["args"]
        yield from directives(one.get("block", []))


def test_the_proxys_limits():
    parsed = crossplane.parse(str(FILES / "nginx.conf"))
    assert parsed["status"] == "ok", parsed["errors"]
    found = list(directives(parsed["config"][0]["parsed"]))
    names = {name for name, _ in found}
    assert {"limit_req", "limit_conn", "client_max_body_size", "client_body_timeout"} <= names
    passed = {args[0] for name, args in found if name in ("proxy_pass", "grpc_pass")}
    assert passed == {"http://tf-serving:8501", "grpc://tf-serving:8500"}
    assert ("client_max_body_size", ["64m"]) in found
    compose = (FILES / "compose.yaml").read_text()
    assert f"grpc.max_receive_message_length={64 * 2**20}" in compose
