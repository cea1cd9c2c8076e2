#!/bin/sh
# Prints the path of a Python that runs. `find_python.sh 3.13` accepts that minor version only; without an argument it
# is 3.13, Lambda's, where there is one, else the newest from 3.11 on. Exits 1 when there is none.
# A version manager's shim counts only if it starts. $PYTHON, where it is set and fits, goes before the search.
set -u

# runs PATH MINOR: is it a working Python 3.MINOR that can make virtual environments?
runs() {
    "$1" -c "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, $2))" >/dev/null 2>&1
}

# candidates MINOR: where a Python 3.MINOR may be, one path a line
candidates() {
    command -v "python3.$1"
    command -v python3
    root=$(pyenv root 2>/dev/null) && ls -d "$root"/versions/3."$1"[.0-9a-z]*/bin/python3."$1" 2>/dev/null | sort -rV
    uv python find --no-python-downloads "3.$1" 2>/dev/null
    for folder in /usr/bin /usr/local/bin /opt/homebrew/bin; do
        [ -x "$folder/python3.$1" ] && echo "$folder/python3.$1"
    done
}

if [ $# -gt 0 ]; then minors=${1#3.}; else minors="13 14 12 11"; fi
for minor in $minors; do
    if [ -n "${PYTHON:-}" ] && runs "$PYTHON" "$minor"; then
        "$PYTHON" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
for minor in $minors; do
    found=$(candidates "$minor" | while IFS= read -r path; do
        runs "$path" "$minor" && "$path" -c 'import sys; print(sys.executable)' && break
    done)
    [ -n "$found" ] && echo "$found" && exit 0
done
exit 1
