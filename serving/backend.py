"""Starts TensorFlow Serving in place of the embedded server, with the same options."""

import os
import shutil
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.options import Options
from tfpaint.errors import InputError

PROGRAM = "tensorflow_model_server"
CONFIGS = Path(__file__).resolve().parent / "tf_serving"


def execute(options: Options) -> None:
    """Replaces this process by TensorFlow Serving, which gets its signals and sets its exit code.

    Raises:
        InputError: It is not installed, or cannot do what an option asks for.
    """
    if shutil.which(PROGRAM) is None:
        raise InputError(
            f"--backend tf-serving: {PROGRAM} is not on the PATH; install it, or use"
            " serving/tf_serving/compose.yaml or the embedded server"
        )
    os.execvpe(PROGRAM, command(options), environment(options))


def environment(options: Options) -> dict[str, str]:
    """This process's variables, and those for the GPU and for taking its memory bit by bit."""
    variables = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"} | os.environ
    if options.device is not None:
        kind, _, number = options.device.partition(":")
        variables["CUDA_VISIBLE_DEVICES"] = "-1" if kind == "cpu" else number or "0"
    return variables


def command(options: Options) -> list[str]:
    """The command line for these options.

    Configuration is written to files in memory, which this process and those that it starts or
    becomes can open: the key of TLS is never on a disk, and nothing is left behind.

    Raises:
        InputError: TensorFlow Serving cannot do what an option asks for.
    """
    if options.token is not None:
        raise InputError("--token-file: TensorFlow Serving knows no tokens; use a proxy's")
    if options.iopaint is not None:
        raise InputError(
            "--iopaint: TensorFlow Serving does not know that API; use the embedded server"
        )
    if options.host not in ("0.0.0.0", "::"):
        raise InputError(
            f"--host {options.host}: TensorFlow Serving listens at every address of this machine;"
            " say so by --host 0.0.0.0, or use the embedded server"
        )
    milliseconds = int(options.limits.seconds * 1000)
    arguments = {
        "model_config_file": _in_memory("models.config", models_config(options)),
        "port": options.port,
        "rest_api_port": options.rest_port,
        "rest_api_timeout_in_ms": milliseconds,
        "tensorflow_session_parallelism": 0,
        "grpc_max_threads": options.max_in_flight,
        "rest_api_num_threads": options.max_in_flight,
        "grpc_channel_arguments": (
            f"grpc.max_receive_message_length={options.limits.message_bytes},"
            "grpc.max_send_message_length=-1"
        ),
        "monitoring_config_file": CONFIGS / "monitoring.config",
        "enable_grpc_healthcheck_service": "true",
    }
    if options.threads is not None:
        arguments["tensorflow_intra_op_parallelism"] = options.threads
        arguments["tensorflow_inter_op_parallelism"] = options.threads
    if options.labels:
        arguments["allow_version_labels_for_unavailable_models"] = "true"
    if options.tls_cert is not None and options.tls_key is not None:
        arguments["rest_api_port"] = 0  # REST would stay unencrypted
        arguments["ssl_config_file"] = _in_memory("ssl.config", _ssl_config(options))
    return [PROGRAM, *(f"--{name}={value}" for name, value in arguments.items())]


def _in_memory(name: str, text: str) -> Path:
    """A file in memory that lives as long as a process has it open."""
    number = os.memfd_create(name, 0)  # stays open in the program that replaces this one
    os.write(number, text.encode())
    return Path(f"/proc/self/fd/{number}")


def models_config(options: Options) -> str:
    """The content of models.config: serve the latest version, or the versions with labels."""
    config = model_server_config_pb2.ModelServerConfig()
    model = config.model_config_list.config.add(
        name=options.name, base_path=str(options.model.resolve()), model_platform="tensorflow"
    )
    if options.labels:
        model.model_version_policy.specific.versions.extend(sorted(set(options.labels.values())))
        for label, number in options.labels.items():
            model.version_labels[label] = number
    return text_format.MessageToString(config)


def _ssl_config(options: Options) -> str:
    """The content of ssl.config, as text: tensorflow-serving-api has no SSLConfig message."""

    def quoted(path: Path | None) -> str:
        text = path.read_text() if path is not None else ""
        return '"' + text_format.text_encoding.CEscape(text, as_utf8=False) + '"'

    verify = "true" if options.tls_client_ca is not None else "false"
    return (
        f"server_key: {quoted(options.tls_key)}\n"
        f"server_cert: {quoted(options.tls_cert)}\n"
        f"custom_ca: {quoted(options.tls_client_ca)}\n"
        f"client_verify: {verify}\n"
    )
