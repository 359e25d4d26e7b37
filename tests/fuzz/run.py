# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs fuzz targets one after another, each for a bounded time, over the seeds in corpus/ and what they grow into.

The last lines are a table: target, runs, seconds of processor time, and how many of the branches (libFuzzer's edges) of the code
that is built in were reached. The status is 0 if nothing was found; what was found lies in the current folder, to be
given to the program as its argument.
"""

import argparse
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TEXT = b"abcdefgh" * 200 + bytes(range(256))
COMPRESSORS = (["gzip", "-c"], ["xz", "-c"], ["xz", "-c", "-T2", "--block-size=512"], ["xz", "-c", "--check=crc32"],
               ["zstd", "-c"], ["zstd", "-c", "--no-check"],
               ["sh", "-c", "cat > /dev/null; printf x | gzip; printf y | gzip"])


def seeds(target, folder):
    """The committed ones; those of the decoder are from the real tools."""
    if target == "decoder":
        for number, tool in enumerate(COMPRESSORS):
            done = subprocess.run(tool, input=TEXT, check=True, capture_output=True)
            pathlib.Path(folder, str(number)).write_bytes(done.stdout)
        return
    for seed in (HERE / "corpus" / target).iterdir():
        shutil.copy(seed, folder)


def environment():
    """A finding of either sanitizer ends the run."""
    symbolizer = shutil.which("llvm-symbolizer-14") or shutil.which("llvm-symbolizer") or ""
    return os.environ | {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", "ASAN_SYMBOLIZER_PATH": symbolizer,
                         "LSAN_OPTIONS": f"suppressions={HERE.parent}/support/lsan.supp:print_suppressions=0"}


def processor_time():
    """Seconds of processor time of the programs that have ended: on a busy machine the clock says little."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(program, target, args):
    """One target; returns its row and whether nothing was found."""
    with tempfile.TemporaryDirectory(prefix="bootferry-fuzz-") as scratch:
        grown = pathlib.Path(args.corpus or scratch, target, "grown")
        first = pathlib.Path(scratch, "seeds")
        grown.mkdir(parents=True, exist_ok=True)
        first.mkdir()
        seeds(target, first)
        command = [program, f"-max_total_time={args.seconds}", "-max_len=4096", "-timeout=30", "-rss_limit_mb=4096",
                   f"-artifact_prefix=found-{target}-", "-print_final_stats=1", f"-seed={args.seed}", grown, first]
        before = processor_time()
        done = subprocess.run(command, env=environment(), stderr=subprocess.PIPE, text=True, errors="replace", check=False)
        spent = processor_time() - before
    if done.returncode != 0 or args.verbose:
        sys.stderr.write(done.stderr[-20000:])
    numbers = dict(re.findall(r"^stat::(\w+):\s+(\d+)", done.stderr, re.MULTILINE))
    covered = re.findall(r"cov: (\d+)", done.stderr)
    edges = sum(int(count) for count in re.findall(r"\((\d+) inline 8-bit counters\)", done.stderr))
    row = f"{target:22} {numbers.get('number_of_executed_units', '?'):>10} {spent:>6.0f}" \
          f" {(covered or '?')[-1]:>6} of {edges}"
    return row, done.returncode == 0


def main():
    parser = argparse.ArgumentParser(prog="tests/fuzz/run", description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build-fuzz", help="the build folder (see meson.build here)")
    parser.add_argument("--target", action="append", help="a target, repeatable; default: all that were built")
    parser.add_argument("--minutes", type=float, help="for each target")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--corpus", help="keep what the seeds grow into in this folder, and begin with it")
    parser.add_argument("--seed", type=int, default=0, help="of libFuzzer's choices (0: another one each time)")
    parser.add_argument("--verbose", action="store_true", help="print what libFuzzer prints")
    args = parser.parse_args()
    if args.minutes:
        args.seconds = int(args.minutes * 60)
    folder = pathlib.Path(args.build, "tests/fuzz")
    built = {p.name.removeprefix("fuzz-").replace("-", "_"): p for p in sorted(folder.glob("fuzz-*")) if p.is_file()}
    unknown = [target for target in args.target or [] if target not in built]
    if unknown or not built:
        parser.error(f"{folder} has no target {' '.join(unknown)}; it has: {' '.join(built)}")
    rows, clean = [], True
    for target in args.target or built:
        row, passed = run(built[target].resolve(), target, args)
        rows.append(row if passed else row + "  FOUND SOMETHING")
        clean = clean and passed
    print(f"{'target':22} {'runs':>10} {'s':>6} {'edges':>6}", *rows, sep="\n")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
