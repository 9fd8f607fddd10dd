"""The servers under load: overhead, throughput and latency, memory, hostile requests.

    python -m benchmarks.serving --model out/models/tfpaint
    python -m benchmarks.serving --model out/models/tfpaint --quick

Starts the embedded server, and TensorFlow Serving if it is on the PATH, speaks to them by
127.0.0.1, and ends them. Exit code 1: a hostile request did harm. Requests are photos of 256 px
with a hole of a quarter of their side, as PNG by gRPC; for memory and between hostile ones, of
128 px. Overhead is the ratio of medians of single-client calls that take turns: the server, the
same SavedModel by tf.saved_model.load, and in a session like the server's. Memory is the server's
resident set.
"""

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from skimage import data

from benchmarks import serving_hostile
from benchmarks.memory import status_mib
from serving.backend import PROGRAM
from serving.client import InpaintClient, InpaintError
from serving.model import Model
from serving.server import version_folders

CLIENTS = (1, 4, 16, 64)
SIDE, SMALL_SIDE = 256, 128


class Server(NamedTuple):
    """A server that runs: its ports on 127.0.0.1 and its process."""

    backend: str
    target: str
    rest_port: int
    pid: int

    def mib(self) -> float:
        return status_mib("VmRSS", self.pid)


@contextmanager
def started(model: Path, backend: str = "embedded") -> Iterator[Server]:
    """A server of its own process, which has loaded the model.

    Raises:
        RuntimeError: It did not start; its last words are in the message.
    """
    port, rest_port = free_ports(2)
    command = [sys.executable, "-m", "serving", "server", "--model", str(model)]
    command += ["--port", str(port), "--rest-port", str(rest_port), "--backend", backend]
    command += ["--max-in-flight", str(max(CLIENTS)), "--log-level", "warning"]
    if backend == "tf-serving":
        command += ["--host", "0.0.0.0"]  # it knows no other
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(command, stderr=words, stdout=words)
        try:
            with InpaintClient(f"127.0.0.1:{port}", attempts=1, timeout=5) as client:
                while not answers(client):
                    if process.poll() is not None:
                        words.seek(0)
                        raise RuntimeError(f"{backend}: did not start: {words.read()[-2000:]}")
                    time.sleep(0.2)
            yield Server(backend, f"127.0.0.1:{port}", rest_port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def answers(client: InpaintClient) -> bool:
    try:
        return "AVAILABLE" in client.status().values()
    except InpaintError:
        return False


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def picture(side: int) -> tuple[bytes, bytes]:
    """A photo and its mask as PNG files."""
    photo = data.astronaut()[:side, 100 : 100 + side]
    mask = np.zeros((side, side, 1), np.uint8)
    mask[side * 3 // 8 : side * 5 // 8, side * 3 // 8 : side * 5 // 8] = 255
    return tf.io.encode_png(photo).numpy(), tf.io.encode_png(mask).numpy()


def overhead(model: Path, servers: list[Server], rounds: int) -> dict:
    """Seconds of a single client's calls, and the servers' ratios to the bare calls."""
    folders = version_folders(model)
    folder = folders[max(folders)]
    files = picture(SIDE)
    named = dict(zip(("image_bytes", "mask_bytes"), files, strict=True))
    bare = tf.saved_model.load(str(folder)).signatures["bytes"]
    session = Model(folder)
    signature = session.signature("bytes")
    clients = {server.backend: InpaintClient(server.target, attempts=1) for server in servers}
    calls: dict[str, Callable] = {
        "saved_model": lambda: bare(**{k: tf.constant([v]) for k, v in named.items()}),
        "session": lambda: session.run(
            signature, {k: np.array([v], object) for k, v in named.items()}
        ),
        **{
            name: lambda client=client: client.inpaint_bytes(*files)
            for name, client in clients.items()
        },
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 2):  # two to warm up
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            if turn > 1:
                seconds[name].append(time.perf_counter() - began)
    for client in clients.values():
        client.close()
    session.close()
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    ratios = {
        server.backend: {
            base: medians[server.backend] / medians[base] for base in ("saved_model", "session")
        }
        for server in servers
    }
    return {"median_seconds": medians, "ratios": ratios, "rounds": rounds}


def load(server: Server, clients: int, seconds: float) -> dict:
    """Throughput and latencies of so many clients, each with one request at a time."""
    files, end = picture(SIDE), time.perf_counter() + seconds
    latencies: list[float] = []
    errors: list[str] = []

    def work() -> None:
        with InpaintClient(server.target, attempts=1) as client:
            while (began := time.perf_counter()) < end:
                try:
                    client.inpaint_bytes(*files)
                    latencies.append(time.perf_counter() - began)
                except InpaintError as error:
                    errors.append(error.code.name)

    began = time.perf_counter()
    together(work, clients)
    elapsed = time.perf_counter() - began
    cuts = np.percentile(latencies, (50, 95, 99)) if latencies else [np.nan] * 3
    return {
        "clients": clients,
        "per_second": len(latencies) / elapsed,
        **dict(zip(("p50", "p95", "p99"), map(float, cuts), strict=True)),
        "errors": {name: errors.count(name) for name in set(errors)},
    }


def memory(server: Server, requests: int) -> dict:
    """The server's memory after every twentieth part of so many requests of two clients."""
    files, curve = picture(SMALL_SIDE), []
    part = max(1, requests // 40)

    def work() -> None:
        with InpaintClient(server.target, attempts=1) as client:
            for _ in range(part):
                client.inpaint_bytes(*files)

    for _ in range(20):
        together(work, 2)
        curve.append(server.mib())
    half = curve[len(curve) // 2 :]
    return {"requests": 40 * part, "mib": curve, "growth_in_second_half": half[-1] - half[0]}


def together(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Parses the command line, starts the servers, measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", type=Path, required=True, metavar="DIR", help="parent of the version folders")
    add("--seconds", type=float, default=60.0, help="of load for each number of clients (60)")
    add("--requests", type=int, default=2000, help="for memory (2000)")
    add("--hostile", type=int, default=5000, help="hostile requests (5000)")
    add("--rounds", type=int, default=40, help="single-client calls, for overhead (40)")
    add("--quick", action="store_true", help="little of each")
    add("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if not version_folders(options.model):
        parser.error(f"--model {options.model}: holds no version folder such as 1/saved_model.pb")
    if options.quick:
        options.seconds, options.requests = min(options.seconds, 2), 80
        options.hostile, options.rounds = 200, 3
    report = measure(options)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    if any(one["failures"] for one in report["hostile"].values()):
        sys.exit(1)


def measure(options: argparse.Namespace) -> dict:
    """Every figure, printed as it comes."""
    report: dict = {"load": {}, "memory": {}, "hostile": {}}
    backends = ["embedded"] + (["tf-serving"] if shutil.which(PROGRAM) else [])
    for backend in backends:
        with started(options.model, backend) as server:
            report.setdefault("overhead", {})[backend] = times = overhead(
                options.model, [server], options.rounds
            )
            ratios = times["ratios"][backend]
            print(f"{backend}: {times['median_seconds'][backend]:.3f} s a request, alone")
            print(f"  {ratios['saved_model']:.3f} of the SavedModel's, {ratios['session']:.3f} of")
            print("  the time in a session")
            print("  clients   /s     p50     p95     p99  errors")
            report["load"][backend] = []
            for clients in CLIENTS:
                one = load(server, clients, options.seconds)
                report["load"][backend].append(one)
                print(
                    f"  {clients:7} {one['per_second']:5.2f} {one['p50']:7.2f} {one['p95']:7.2f}"
                    f" {one['p99']:7.2f}  {one['errors'] or '-'}",
                    flush=True,
                )
            report["memory"][backend] = kept = memory(server, options.requests)
            print(
                f"  memory: {kept['mib'][0]:.0f} MiB, {kept['mib'][-1]:.0f} after"
                f" {kept['requests']} requests; {kept['growth_in_second_half']:+.1f} in their"
                " second half",
                flush=True,
            )
            before = server.mib()
            attacks = serving_hostile.attack(
                server.target, server.rest_port, picture(SMALL_SIDE), options.hostile
            )
            attacks["mib"] = [before, server.mib()]
            report["hostile"][backend] = attacks
            print(serving_hostile.table(attacks))
    return report


if __name__ == "__main__":
    main()
