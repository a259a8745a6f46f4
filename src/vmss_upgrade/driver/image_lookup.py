"""What is asked of the image catalog before anything is written: which version, whether it exists and boots here."""

from __future__ import annotations

from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.rollout.checks.image import (
    examine_image,
    is_replicating,
    latest_denied,
    latest_missing,
    latest_of_another_tenant,
)
from vmss_upgrade.rollout.checks.image_fit import examine_fit, needs_size
from vmss_upgrade.rollout.checks.missing import no_such_definition, no_such_gallery, no_such_platform_image
from vmss_upgrade.rollout.findings import Finding, note
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState, Traits, newest_first
from vmss_upgrade.rollout.scale_set import ScaleSet

LATEST_TRIED = 5  # of the newest versions, where the first of them are deprecated
REPLICATION_PAUSE = 30.0  # seconds between looks at how far a gallery version is replicated


def resolve(remote: RemoteScaleSet, wanted: Image) -> Steps[tuple[Image | None, list[Finding]]]:
    """Return the exact image, fixed once for the whole rollout, and what was found on the way.

    None where it cannot be known, which is a finding.
    """
    if not wanted.is_floating:
        return wanted, []
    try:
        versions = yield from remote.list_versions(wanted)
    except AzureError as error:
        if error.trouble is Trouble.DENIED:
            return None, [latest_denied(wanted)]
        if error.trouble is Trouble.OTHER_TENANT:
            return None, [latest_of_another_tenant(wanted)]
        if error.trouble is not Trouble.NOT_FOUND:
            raise
        return None, [_nothing_of_that_name(remote, wanted, error) or latest_missing(wanted, remote.model.location)]
    findings: list[Finding] = []
    for name in newest_first(versions)[:LATEST_TRIED]:
        exact = wanted.at_version(name)
        if not (yield from _is_deprecated(remote, exact)):
            return exact, [*findings, note(f"{wanted} was resolved to {exact}, once for the whole rollout.")]
        findings.append(note(f"{exact} is deprecated, so it does not count as the latest."))
    return None, [*findings, latest_missing(wanted, remote.model.location)]


def _nothing_of_that_name(remote: RemoteScaleSet, image: Image, error: AzureError) -> Finding | None:
    """Return what is missing where Azure finds no list of versions (`error`); None if it is there after all."""
    location = remote.model.location
    if image.kind is ImageKind.PLATFORM:
        return no_such_platform_image(image, location, str(error))
    try:
        definitions = remote.list_definitions(image)
    except AzureError as refusal:
        if refusal.trouble is Trouble.NOT_FOUND:
            return no_such_gallery(image, location)
        return no_such_definition(image, location, None)
    name = image.definition.rpartition("/")[2].lower()
    is_there = name in (each.lower() for each in definitions)
    return None if is_there else no_such_definition(image, location, definitions)


def _is_deprecated(remote: RemoteScaleSet, image: Image) -> Steps[bool]:
    """Return whether nothing can be made from a version any more; asked of platform images, which stay listed then."""
    return image.kind is ImageKind.PLATFORM and (yield from remote.look_up(image)).deprecated


def examine_target(
    remote: RemoteScaleSet, target: Image, *, in_model: bool, replication_wait: float
) -> Steps[list[Finding]]:
    """Hold the target against the catalog, and against what the scale set boots."""
    model = remote.model
    facts = yield from _replicated(remote, target, replication_wait)
    on_set, running = Traits(), Traits()
    if facts.state is ImageState.FOUND:
        running = yield from _running(remote)
        on_set = _boots_now(remote.scale_set, running)
    newest: list[str] = []
    if facts.state is ImageState.MISSING:
        try:
            newest = newest_first((yield from remote.list_versions(target, until=remote.clock.now())))
        except AzureError as error:
            unknown = _nothing_of_that_name(remote, target, error) if error.trouble is Trouble.NOT_FOUND else None
            if unknown:
                return [unknown]
    size = None
    if needs_size(facts.traits, model, on_set, running):
        size = yield from remote.read_size()
    return [
        *examine_image(target, facts, on_set, location=model.location, in_model=in_model, newest=newest),
        *examine_fit(target, facts.traits, model, running, size),
    ]


def _replicated(remote: RemoteScaleSet, target: Image, replication_wait: float) -> Steps[ImageFacts]:
    """Return what the catalog says of the target once it is replicated, or `wait-for-replication` has passed."""
    clock, until = remote.clock, remote.clock.now() + replication_wait
    facts = yield from remote.look_up(target)
    while is_replicating(facts) and clock.now() < until:
        pause = min(REPLICATION_PAUSE, until - clock.now())
        why = f"{target} is being replicated to {remote.model.location}"
        yield from clock.wait(why, pause, until=until, detail=f"{facts.progress}% done")
        facts = yield from remote.look_up(target)
    return facts


def _running(remote: RemoteScaleSet) -> Steps[Traits]:
    """Return what the catalog says of an image that instances run; nothing where none of them shows one."""
    running = next((i.image for i in remote.scale_set.made if i.image is not None), None)
    if running is None or running.is_floating:
        return Traits()
    return (yield from remote.look_up(running)).traits


def _boots_now(scale_set: ScaleSet, running: Traits) -> Traits:
    """Return what the set boots: as its model says, as its instances show, and as an image is that they run."""
    shown = (i.generation for i in scale_set.made if i.generation)
    return scale_set.model.traits.completed(Traits(generation=next(shown, ""))).completed(running)
