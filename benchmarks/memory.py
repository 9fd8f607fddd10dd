"""Memory of a process, as Linux tells it."""

from pathlib import Path


def status_mib(key: str, process: int | str = "self") -> float:
    """MiB resident now ("VmRSS") or at most since `forget_peak` ("VmHWM")."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith(f"{key}:"))
    return int(value) / 1024


def forget_peak() -> None:
    """Starts "VmHWM" anew."""
    Path("/proc/self/clear_refs").write_text("5")
