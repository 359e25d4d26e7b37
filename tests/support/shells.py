# SPDX-License-Identifier: LGPL-2.1-or-later
"""The completions that bash, zsh and fish offer, from the shells themselves.

complete() returns for each line the set of the possible last words, as they would be inserted, and the shell's other output.
fish also offers words that contain the typed text elsewhere; they are left out."""

import contextlib
import os
import pathlib
import pty
import subprocess
import tempfile

LIMIT = 120  # seconds

_BASH = r'''
source "$1"
COMP_WORDBREAKS=$' \t\n'  # else a shell completes what follows the last "=" or ":" only
for line in "${@:2}"; do
    read -ra COMP_WORDS <<< "$line"
    COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
    _bootferryctl
    printf '%s\0' "${COMPREPLY[@]}" $'\n'
done
'''

_FISH = r'''
source $argv[1]
for line in $argv[2..]
    complete -C $line | string split -f 1 \t | string join0
    printf '\n\0'
end
'''

# The line editor's completion runs only on a terminal. Matches are recorded in compadd; calls with -O, -A or -D add none.
_ZSH = r'''
fpath=($COMPLETIONS $fpath)
autoload -Uz compinit
compinit -u -D
PS1=
compadd() {
    if (( ${@[(I)-(O|A|D)]} )); then
        builtin compadd "$@"
        return
    fi
    local -a matches
    local match hidden=
    builtin compadd -O matches "$@"
    (( ${@[(I)-p]} )) && hidden=${@[${@[(I)-p]} + 1]}
    for match in $matches; do
        print -rN -- "$IPREFIX$hidden$match" >> $MATCHES
    done
    builtin compadd "$@"
}
complete-lines() {
    local line
    for line in ${(0)"$(<$LINES_FILE)"}; do
        BUFFER=$line
        CURSOR=$#BUFFER
        zle complete-word
        print -rN -- $'\n' >> $MATCHES
    done
    BUFFER='exit 0'
    zle accept-line
}
zle -N complete-lines
bindkey '^I' complete-lines
'''


def enter_completed(script, program, folder, lines):
    """Types each line into an interactive bash in the folder, completes it, and has it executed."""
    terminal, end = pty.openpty()
    environment = dict(os.environ, PATH=f"{program.parent}:{os.environ['PATH']}", TERM="dumb", PS1="", INPUTRC="/dev/null")
    shell = subprocess.Popen(["bash", "--norc", "--noprofile", "-i"], stdin=end, stdout=end, stderr=end, cwd=folder,
                             env=environment, start_new_session=True)
    os.close(end)
    text = f"source '{script}'\n" + "".join(f"{line}\t\n" for line in lines) + "exit\n"
    shown = b""
    try:
        os.write(terminal, text.encode())
        with contextlib.suppress(OSError):  # EIO: the shell has ended
            while piece := os.read(terminal, 4096):
                shown += piece
        shell.wait(timeout=LIMIT)
    finally:
        shell.kill()
        shell.wait()
        os.close(terminal)
    return shown.decode(errors="replace")


def _sets(text, lines):
    """The sets of words in the output: each word ends with NUL, and a newline ends the set of a line."""
    found = [set()]
    for word in text.split("\0")[:-1]:
        if word == "\n":
            found.append(set())
        elif word:
            found[-1].add(word)
    assert len(found) == len(lines) + 1 and not found[-1], text
    return found[:-1]


def _bash(folder, lines, environment):
    return subprocess.run(["bash", "--norc", "-c", _BASH, "bash", folder / "bootferryctl.bash", *lines], text=True,
                          capture_output=True, env=environment, timeout=LIMIT, check=True)


def _fish(folder, lines, environment):
    with tempfile.TemporaryDirectory(prefix="bootferry-fish-") as home:
        return subprocess.run(["fish", "--no-config", "-c", _FISH, folder / "bootferryctl.fish", *lines], text=True,
                              capture_output=True, env={**environment, "HOME": home}, timeout=LIMIT, check=True)


def _output_of(controller):
    text = b""
    with contextlib.suppress(OSError):  # EIO: the shell has closed the terminal
        while piece := os.read(controller, 4096):
            text += piece
    return text.decode(errors="replace")


def typed(command, keys, environment):
    """Runs a shell on a new terminal, with these keys as its input. Returns its output."""
    controller, terminal = pty.openpty()
    os.write(controller, keys.encode())
    shell = subprocess.Popen(["timeout", str(LIMIT), *command], stdin=terminal, stdout=terminal, stderr=terminal,
                             env={**environment, "TERM": "dumb"}, start_new_session=True)
    os.close(terminal)
    try:
        return _output_of(controller)
    finally:
        shell.wait()
        os.close(controller)


def _zsh(folder, lines, environment):
    with tempfile.TemporaryDirectory(prefix="bootferry-zsh-") as name:
        home = pathlib.Path(name)
        (home / ".zshrc").write_text(_ZSH)
        (home / "lines").write_text("\0".join(lines))
        (home / "matches").touch()
        shown = typed(["zsh", "-i"], "\t",
                      {**environment, "ZDOTDIR": name, "COMPLETIONS": str(folder), "LINES_FILE": str(home / "lines"),
                       "MATCHES": str(home / "matches")})
        matches = (home / "matches").read_text()
        return subprocess.CompletedProcess("zsh", 0, matches, "" if matches else shown)


SHELLS = {"bash": _bash, "fish": _fish, "zsh": _zsh}


def complete(shell, folder, lines, environment):
    """folder: of the completion scripts. Returns a set for each line, and the text on standard error."""
    done = SHELLS[shell](folder, lines, environment)
    offered = [{word for word in words if word.startswith(line.rpartition(" ")[2])}
               for line, words in zip(lines, _sets(done.stdout, lines))]
    return offered, done.stderr
