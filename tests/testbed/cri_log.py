"""cri_log.py RAW CRI: copies standard input line by line to RAW as it is and to CRI as a container runtime would write it.

The Flux controllers of the testbed are plain processes. Their lines become the log of the pods that stand for them, which kwok serves
from a file in the runtime's format: `2026-11-22T20:00:01.000000000Z stdout F text`.
"""

import signal
import sys
import time


def stamp(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"


def main() -> None:
    # Ends when the controller closes its output: an interrupt is the controller's to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(sys.argv[1], "ab", buffering=0) as raw, open(sys.argv[2], "ab", buffering=0) as cri:
        for line in sys.stdin.buffer:
            raw.write(line)
            cri.write(f"{stamp(time.time_ns())} stderr F ".encode() + line.rstrip(b"\n") + b"\n")


main()
