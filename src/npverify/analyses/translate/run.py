"""Native policies as Calico ones, and the proof that nothing changes: neither in the end nor while both are there.

What is proved is the text: it is read back by the program's own readers, as if it had come from the user.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, count

from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.analyses.translate.cautions import caution, caution_about_neighbours
from npverify.analyses.translate.plan import plan, saving, undo
from npverify.analyses.translate.results import Became, File, TranslateResult
from npverify.analyses.translate.worlds import Input, is_native, is_of_calico, read_written
from npverify.analyses.world import World
from npverify.dialects.calico.translate import Facts, Written, translate
from npverify.dialects.calico.write import write
from npverify.dialects.kubernetes_read import NetworkPolicy
from npverify.ingest.document import Document
from npverify.ingest.source import InputError, InternalError, Problems
from npverify.normal.policy import PolicyId

Compare = Callable[[World, World], EquivResult]

ONE_FILE = "calico.yaml"
"""What the plan calls the output of a run that wrote to standard output, unless the input has a file of that name."""


def migrate(given: Input, compare: Compare, *, file: str | None = None, folder: str | None = None) -> TranslateResult:
    """Translate every native policy, into one file or a folder, and prove the text of it.

    InputError where there is nothing to translate.
    """
    policies = _native(given)
    problems = Problems()
    facts = Facts(given.profile.calico.version, _existing(given))
    written = translate(policies, facts, problems)
    _caution(policies, given, problems)
    if given.after:
        message = f"{given.after[0].span().file} is written by this run, so what it holds now is left out of the input"
        problems.warn(
            "NPV328", message, given.after[0].span(), "write the policies outside of the folders that are read"
        )
    printed = None if file or folder else _free_name(given)
    files = _files(written, file or printed, folder)
    new = [document for text in files for document in _read_back(text)]
    names: dict[PolicyId, list[str]] = {}
    for one in written:
        names.setdefault(one.source, []).append(one.key[1])
    became = [Became(p.id, p.span, tuple(names.get(p.id, ()))) for p in policies]
    where = [f"{folder.rstrip('/')}/"] if folder else [files[0].name]
    found = _compared(given, new, compare, became, files, where, problems)
    return replace(found, plan=(saving(printed), *found.plan)) if printed and found.plan else found


def _free_name(given: Input) -> str:
    """A name for what is printed that the plan can apply and delete without touching a file of the user's."""
    taken = {os.path.basename(document.span().file) for document in given.before}
    return next(name for name in chain([ONE_FILE], (f"calico-{n}.yaml" for n in count(2))) if name not in taken)


def check(given: Input, compare: Compare, files: Sequence[str]) -> TranslateResult:
    """Prove a migration that is there already: the native policies against what stands in the new files.

    InputError where there is nothing to replace, or nothing to replace it by.
    """
    policies = _native(given)
    new = given.after
    if not any(map(is_of_calico, new)):
        fix = "name the files that hold the policies of `projectcalico.org/v3`"
        raise InputError.one("NPV322", f"no Calico policy in {', '.join(f'`{name}`' for name in files)}", fix=fix)
    problems = Problems()
    _caution(policies, given, problems)
    became = [Became(p.id, p.span) for p in policies]
    return _compared(given, new, compare, became, (), files, problems)


def _native(given: Input) -> tuple[NetworkPolicy, ...]:
    policies = given.native()
    if not policies:
        fix = "name the folder that holds the NetworkPolicy manifests of `networking.k8s.io/v1`"
        raise InputError.one("NPV320", "no native policy was found, so there is nothing to translate", fix=fix)
    return policies


def _existing(given: Input) -> set[tuple[str, str]]:
    """Namespaces and names of Calico policies that stay; a staged one would take its name when it is enforced."""
    own = {(i.namespace, i.name) for i in given.old.defined if i.dialect == "calico" and i.kind == "NetworkPolicy"}
    staged = {(d.namespace or "default", d.name) for d in given.before if d.kind == "StagedNetworkPolicy"}
    return own | staged


def _caution(policies: Sequence[NetworkPolicy], given: Input, problems: Problems) -> None:
    caution(policies, given.old.inventory, problems)
    caution_about_neighbours(policies, given.old.policies, given.before, problems)


def _files(written: Sequence[Written], file: str | None, folder: str | None) -> tuple[File, ...]:
    if folder is None:
        return (File(file or ONE_FILE, write(written)),)
    return tuple(File(f"{folder.rstrip('/')}/{'/'.join(w.key)}.yaml", write([w])) for w in written)


def _read_back(file: File) -> tuple[Document, ...]:
    problems = Problems()
    documents = read_written(file.name, file.text, problems)
    if problems.errors:
        raise InternalError(f"the text of a translation cannot be read: {problems.errors[0].message}")
    return documents


def _compared(
    given: Input,
    new: Iterable[Document],
    compare: Compare,
    became: Sequence[Became],
    files: tuple[File, ...],
    where: Sequence[str],
    problems: Problems,
) -> TranslateResult:
    new = tuple(new)
    kept = [d for d in given.before if not is_native(d)]
    both = given.under((*given.before, *new), problems)
    after = given.under((*kept, *new), problems)  # of these, nothing is new
    _raise(problems, ours=bool(files))
    equal = compare(given.old, after)
    together = compare(given.old, both) if equal.status is Equivalence.EQUIVALENT else None
    version = given.profile.calico.version_text
    found = TranslateResult(version, tuple(became), files, equal, together, (), problems.warnings)
    return replace(found, plan=(*plan(became, where), undo(became, where))) if found.proved else found


def _raise(problems: Problems, *, ours: bool) -> None:
    """What is wrong with a text of ours is a contradiction, with the user's a fault of theirs."""
    if problems.errors and ours:
        raise InternalError(f"the translation is refused: {problems.errors[0].code} {problems.errors[0].message}")
    problems.raise_errors()
