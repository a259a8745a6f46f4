"""What is asked of the image catalog before anything is written: which version, whether it exists and boots here."""

from __future__ import annotations

from vmss_upgrade.driver.remote import PatientApi, Steps
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.rollout.checks.image import (
    examine_image,
    is_replicating,
    latest_denied,
    latest_missing,
    latest_of_another_tenant,
)
from vmss_upgrade.rollout.checks.image_fit import examine_fit, needs_size
from vmss_upgrade.rollout.findings import Finding, note
from vmss_upgrade.rollout.image import Image, ImageKind
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState, Traits, newest_first
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.scale_set import ScaleSet

LATEST_TRIED = 5  # of the newest versions, where the first of them are deprecated
REPLICATION_PAUSE = 30.0  # seconds between looks at how far a gallery version is replicated


class ImageInquiry:
    """Asks about images, and notes in `findings` what comes of it."""

    def __init__(self, azure: PatientApi, policy: Policy, findings: list[Finding]) -> None:
        self._azure = azure
        self._policy = policy
        self._findings = findings

    def look_up(self, image: Image, model: Model) -> Steps[ImageFacts]:
        """What the catalog says of one exact image, where the scale set is."""
        return (yield from self._azure.patiently(lambda: self._azure.api.look_up(image, model.location)))

    def resolved(self, wanted: Image, model: Model) -> Steps[Image | None]:
        """The exact image, fixed once for the whole rollout; None where it cannot be known, which is a finding."""
        if not wanted.is_floating:
            return wanted
        list_versions = self._azure.api.list_versions
        try:
            versions = yield from self._azure.patiently(lambda: list_versions(wanted, model.location))
        except AzureError as error:
            if error.trouble is Trouble.DENIED:
                self._findings.append(latest_denied(wanted))
                return None
            if error.trouble is Trouble.OTHER_TENANT:
                self._findings.append(latest_of_another_tenant(wanted))
                return None
            if error.trouble is not Trouble.NOT_FOUND:
                raise
            versions = ()
        for name in newest_first(versions)[:LATEST_TRIED]:
            exact = wanted.at_version(name)
            if not (yield from self._is_deprecated(exact, model)):
                self._findings.append(note(f"{wanted} was resolved to {exact}, once for the whole rollout."))
                return exact
        self._findings.append(latest_missing(wanted, model.location))
        return None

    def _is_deprecated(self, image: Image, model: Model) -> Steps[bool]:
        """Of platform images alone: such a version stays in their list, and nothing can be made from it any more."""
        if image.kind is not ImageKind.PLATFORM:
            return False
        facts = yield from self.look_up(image, model)
        if facts.deprecated:
            self._findings.append(note(f"{image} is deprecated, so it does not count as the latest."))
        return facts.deprecated

    def check(self, target: Image, scale_set: ScaleSet, *, in_model: bool) -> Steps[None]:
        """The target against the catalog, and against what the scale set boots."""
        model = scale_set.model
        facts = yield from self._replicated(target, model)
        on_set, running = Traits(), Traits()
        if facts.state is ImageState.FOUND:
            running = yield from self._running(scale_set)
            on_set = _boots_now(scale_set, running)
        self._findings += examine_image(target, facts, on_set, location=model.location, in_model=in_model)
        size = None
        if needs_size(facts.traits, model, on_set, running):
            read_size = self._azure.api.read_size
            size = yield from self._azure.patiently(lambda: read_size(model.settings.size, model.location))
        self._findings += examine_fit(target, facts.traits, model, running, size)

    def _replicated(self, target: Image, model: Model) -> Steps[ImageFacts]:
        """What the catalog says of the target, once it is replicated or `wait-for-replication` has passed."""
        until = self._azure.now() + self._policy.replication_wait
        facts = yield from self.look_up(target, model)
        while is_replicating(facts) and self._azure.now() < until:
            pause = min(REPLICATION_PAUSE, until - self._azure.now())
            why = f"{target} is being replicated to {model.location}"
            yield from self._azure.wait(why, pause, until=until, detail=f"{facts.progress}% done")
            facts = yield from self.look_up(target, model)
        return facts

    def _running(self, scale_set: ScaleSet) -> Steps[Traits]:
        """What the catalog says of an image that instances run; nothing where none of them shows one."""
        running = next((i.image for i in scale_set.made if i.image is not None), None)
        if running is None or running.is_floating:
            return Traits()
        return (yield from self.look_up(running, scale_set.model)).traits


def _boots_now(scale_set: ScaleSet, running: Traits) -> Traits:
    """What the set boots: as its model says, as its instances show, and as an image is that they run."""
    shown = (i.generation for i in scale_set.made if i.generation)
    return scale_set.model.traits.completed(Traits(generation=next(shown, ""))).completed(running)
