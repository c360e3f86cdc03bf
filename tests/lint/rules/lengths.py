"""Files and functions that have grown too long, and the list of exceptions that may only shrink."""

from __future__ import annotations

from .tree import Finding, Tree

RULE = "length"
FILE_LINES = 600
FILE_LINES_WANTED = 400
FUNCTION_LINES = 60


def measure(tree: Tree) -> dict[str, Finding]:
    """Everything over a limit by the key that an exception would have: PATH or PATH:FUNCTION."""
    found = {}
    for file in tree.c_files:
        lines = file.text.count("\n")
        if lines > FILE_LINES:
            found[file.path] = Finding(file.path, FILE_LINES + 1, RULE, f"{lines} lines, at most {FILE_LINES}; split it by subject")
        for function in file.functions:
            if function.length > FUNCTION_LINES:
                found[f"{file.path}:{function.name}"] = Finding(
                    file.path, function.line, RULE, f"{function.name} has {function.length} lines, at most {FUNCTION_LINES}")
    return found


def check(tree: Tree, exceptions: str, exceptions_path: str) -> list[Finding]:
    """exceptions is the text of the list: one key a line, sorted, none that is no longer needed."""
    keys = exceptions.splitlines()
    measured = measure(tree)
    found = [finding for key, finding in measured.items() if key not in keys]
    for number, key in enumerate(keys, 1):
        if key not in measured:
            found.append(Finding(exceptions_path, number, RULE, f"{key} needs no exception any more; remove the line"))
        if number > 1 and keys[number - 2] >= key:
            found.append(Finding(exceptions_path, number, RULE, f"{key} is out of order or there twice"))
    return found


def list_long(tree: Tree) -> list[str]:
    """Files over what is wanted: shown, not refused."""
    sized = ((file.text.count("\n"), file.path) for file in tree.c_files)
    return [f"{path}: {lines} lines" for lines, path in sorted(sized, reverse=True) if lines > FILE_LINES_WANTED]
