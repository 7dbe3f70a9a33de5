"""The coherent layer: a distribution over the labels that break no rule (beyond the paper).

Rules tie characteristics together in connected components, and a component of k characteristics has
few assignments that break none of its rules: the rows of A, [F, k], zeros and ones. The logits z of
a component are read as energies of whole assignments,

    P(a) = exp(a . z) / sum over rows a' of exp(a' . z),

so that no mass lies on what contradicts itself. A characteristic without rules keeps its sigmoid,
which is the same formula with the rows (0) and (1). Everything that is asked of the distribution is
a product with A:

- marginals P(y_j) = sum_a a_j P(a): classes of a group add up to one, and what implies is never
  more probable than what it implies;
- labels: the row with the highest expected number of right labels;
- the loss: -log P(annotation), where the annotation is a noisy copy of part of the true labels;
  what is unknown is summed over.

Temperatures, one a component and one for all free characteristics, divide energies and so leave
the distribution coherent, where scaled marginals would not add up any more.

Only characteristics that are taught take part (`learnt`): the rows are the distinct ones over
those. Others would re-weight the taught ones as latent variables; they have no probability, and a
label only where the rules leave no choice.

It needs nothing but PyTorch, and serves any rules of which the consistent assignments can be
listed. It is a semantic probabilistic layer (Ahmed et al., NeurIPS 2022) whose circuit is a table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from faceinsight.errors import RuleError

if TYPE_CHECKING:
    from faceinsight.method.rules.compiler import RuleSet

MOST_ROWS = 65_536
"""A component with more consistent assignments than this is refused."""

MOST_NOISE = 0.02
"""Annotations of which more than this share are wrong are not reckoned with."""


@dataclass(frozen=True)
class Noise:
    """How often annotations are wrong; each rate lies between 0 and 1, both excluded.

    Without noise a face whose annotation breaks a rule would have no probability at all.

    Attributes:
        groups: for each group, how often another of its classes is noted; all are equally likely.
        missed: for each characteristic, how often it is noted as absent though it is present. Those
            of groups are not read.
        invented: how often it is noted as present though it is absent.
    """

    groups: tuple[float, ...]
    missed: tuple[float, ...]
    invented: tuple[float, ...]

    @classmethod
    def of_prevalence(
        cls, prevalence: Sequence[float], groups: Sequence[Sequence[int]], most: float = MOST_NOISE
    ) -> Noise:
        """A tenth of the prevalence of what is rarer, and never more than `most`.

        A flat rate would explain every rare label away: 2.5 % of CelebA's faces are bald, so that
        with a rate of 2 % nearly half of what is noted as bald could be a mistake.

        Args:
            prevalence: [K], share of the training faces with a characteristic, among those in which
                it is annotated; NaN where it never is.
            groups: columns of each group's classes.
            most: the highest rate.
        """

        def rate(shares: Sequence[float]) -> float:
            seen = [share for share in shares if 0 < share < 1]
            return min(most, 0.1 * min(seen)) if seen else most

        single = tuple(rate((share, 1 - share)) for share in prevalence)
        return cls(
            tuple(rate([prevalence[column] for column in of]) for of in groups), single, single
        )


@dataclass(frozen=True)
class _Component:
    """Where a component's rows stand among all rows, its columns, and numbers of its groups."""

    rows: slice
    columns: tuple[int, ...]
    groups: tuple[int, ...]


_PRIOR = 0.5
"""Of log T: one number fitted on ten faces may be anything, and 20 or 1/20 is no calibration."""


class CoherentLayer(nn.Module):
    """Logits in, coherent probabilities and labels out; see the module.

    It has no parameters, and its tables are no buffers: nothing of it is saved with a model, or
    lost when one is built without storage (meta device). They follow the logits to their device.

    Args:
        size: K, the number of characteristics.
        components: columns [k] and consistent assignments [F, k] of each component; columns are in
            one component at most.
        groups: columns of the classes of which exactly one holds; each lies in one component.
        learnt: columns that are taught; all, if None.
        noise: how often annotations are wrong; `MOST_NOISE` everywhere, if None.

    Attributes:
        taught: bool [K], the columns that are learnt.
        free: columns that are learnt and in no component.
        count: C, the number of components.
        part: int64 [K], the component of each column; C for those in none.
        temperatures: [C + 1], of components, and of all free characteristics; they divide what
            `marginals` and `labels` are given.

    Raises:
        ValueError: a component without rows, a column in two components, a group that lies in none.
    """

    def __init__(
        self,
        size: int,
        components: Sequence[tuple[Sequence[int], object]],
        groups: Sequence[Sequence[int]] = (),
        learnt: Sequence[int] | None = None,
        noise: Noise | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        self.groups = tuple(tuple(of) for of in groups)
        self.noise = noise or Noise.of_prevalence([0.5] * size, self.groups)
        taught = torch.zeros(size, dtype=torch.bool, device="cpu")
        taught[list(range(size) if learnt is None else learnt)] = True
        self._components: list[_Component] = []
        self._on: dict[tuple[torch.device, torch.dtype], _Tables] = {}
        free = taught.clone()
        rows: list[Tensor] = []
        forced: list[Tensor] = []
        home: dict[int, int] = {}
        for number, (columns, assignments) in enumerate(components):
            at = torch.tensor(list(columns), device="cpu")
            table = torch.as_tensor(assignments, device="cpu").to(torch.int8)
            if not len(table):
                raise ValueError(f"component {number} has no consistent assignment")
            if any(home.setdefault(int(c), number) != number for c in columns):
                raise ValueError(f"component {number} shares a column with another")
            free[at] = False
            kept, sure = _projected(table, taught[at])
            start = sum(len(of) for of in rows)
            whole = torch.zeros(len(kept), size, dtype=torch.int8, device="cpu")
            whole[:, at] = kept
            known = torch.full((len(kept), size), -1, dtype=torch.int8, device="cpu")
            known[:, at] = sure
            rows.append(whole)
            forced.append(known)
            inside = tuple(g for g, of in enumerate(self.groups) if set(of) <= set(columns))
            self._components.append(
                _Component(slice(start, start + len(kept)), tuple(columns), inside)
            )
        lost = set(range(len(self.groups))) - {g for c in self._components for g in c.groups}
        if lost:
            raise ValueError(f"group {min(lost)} lies in no component; give its rule, too")
        self.free = tuple(free.nonzero().flatten().tolist())
        self.count = len(self._components)
        self.part = torch.tensor([home.get(c, self.count) for c in range(size)], device="cpu")
        self.temperatures: Sequence[float] = (1.0,) * (self.count + 1)
        empty = torch.zeros(0, size, dtype=torch.int8, device="cpu")
        self._rows = torch.cat([*rows, empty])
        self._forced = torch.cat([*forced, empty])
        self.taught = taught

    @property
    def assignments(self) -> list[tuple[tuple[int, ...], Tensor]]:
        """Of each component the columns [k] that are learnt, and its distinct rows, int8 [F, k]."""
        found = []
        for component in self._components:
            columns = tuple(c for c in component.columns if self.taught[c])
            found.append((columns, self._rows[component.rows][:, list(columns)]))
        return found

    @classmethod
    def from_rules(
        cls,
        ruleset: RuleSet,
        groups: Mapping[str, Sequence[str]] | None = None,
        learnt: Sequence[str] | None = None,
        noise: Noise | None = None,
    ) -> CoherentLayer:
        """The layer of a compiled rule set.

        Args:
            ruleset: rules over K characteristics.
            groups: ids of the classes of each group; one that no rule ties together is none.
            learnt: ids of what is taught; all, if None.
            noise: see the class.

        Raises:
            RuleError: a component has too many consistent assignments to list, or none.
        """
        from faceinsight.method.rules.decode import consistent_assignments

        column = {id_: number for number, id_ in enumerate(ruleset.ids)}
        components = []
        for component in ruleset.components:
            rows = consistent_assignments(ruleset, component, MOST_ROWS)
            if rows is None or not len(rows):
                texts = "; ".join(ruleset.rules[number].text for number in component.rules)
                many = "no" if rows is not None else f"more than {MOST_ROWS:,}"
                raise RuleError(
                    f"the coherent layer lists the labels that break no rule, and of the "
                    f"{len(component.columns)} characteristics under these rules there are {many} "
                    f"such: {texts}"
                )
            components.append((component.columns, rows))
        of_groups = [[column[id_] for id_ in of] for of in (groups or {}).values()]
        tied = [any(set(of) <= set(columns) for columns, _ in components) for of in of_groups]
        if noise is not None:
            noise = replace(noise, groups=tuple(compress(noise.groups, tied)))
        return cls(
            len(ruleset.ids),
            components,
            list(compress(of_groups, tied)),
            None if learnt is None else [column[id_] for id_ in learnt],
            noise,
        )

    def scaled(self, logits: Tensor, temperatures: Sequence[float] | Tensor) -> Tensor:
        """Energies [B, K] divided by the temperature of their component, [C + 1]."""
        each = torch.as_tensor(temperatures, dtype=logits.dtype, device="cpu")
        return logits / each[self.part].to(logits.device)

    def marginals(
        self, logits: Tensor, temperatures: Sequence[float] | Tensor | None = None
    ) -> Tensor:
        """P(y_j), the sum over consistent assignments with j.

        Args:
            logits: [B, K] float, finite; computed in float64 if they are so, else in float32.
            temperatures: [C + 1]; the layer's, if None.

        Returns:
            [B, K], in [0, 1] up to rounding; NaN for what is not learnt.
        """
        logits, tables = self._prepared(logits)
        with torch.autocast(logits.device.type, enabled=False):
            logits = self.scaled(
                logits, self.temperatures if temperatures is None else temperatures
            )
            energy = logits @ tables.rows.T
            found = logits.sigmoid()
            for component, inside in zip(self._components, tables.inside, strict=True):
                rows = tables.rows[component.rows]
                found = torch.where(inside, energy[:, component.rows].softmax(1) @ rows, found)
            return found.masked_fill(~tables.taught, torch.nan)

    def labels(self, logits: Tensor) -> Tensor:
        """The consistent labels with the highest expected number of right ones.

        Of a component the row a with the highest sum_j a_j (2 P(y_j) - 1), the first of equals; a
        free characteristic is present where P >= 0.5.

        Args:
            logits: as for `marginals`.

        Returns:
            int8 [B, K]: 1 present, 0 absent, -1 where it is not learnt and no rule decides it.
        """
        logits, tables = self._prepared(logits)
        found = self.marginals(logits)
        with torch.autocast(logits.device.type, enabled=False):
            gain = (2 * found.nan_to_num(0.5) - 1) @ tables.rows.T
            present = (found >= 0.5).to(torch.int8)
            present = torch.where(tables.free, present, torch.full_like(present, -1))
            for component, inside in zip(self._components, tables.inside, strict=True):
                best = gain[:, component.rows].argmax(1)
                present = torch.where(inside, tables.forced[component.rows][best], present)
            return present

    def nll(self, logits: Tensor, labels: Tensor) -> Tensor:
        """-log P(annotation) of each face: logsumexp(A z) - logsumexp(A z + log P(observed | a)).

        What is unknown is left out of the second term, and so summed over; what is not learnt is
        not read. In a group, the class noted as present is what was observed, or, where only absent
        ones are noted, that it is one of the others.

        Args:
            logits: as for `marginals`.
            labels: [B, K] of 1 present, 0 absent, -1 unknown.

        Returns:
            [B, C + 1], in nats: a column a component, one for the sum over free characteristics;
            at temperature 1, whatever the layer's are.
        """
        logits, tables = self._prepared(logits)
        with torch.autocast(logits.device.type, enabled=False):
            labels = torch.where(tables.taught, labels.to(torch.int8), -1)
            energy = logits @ tables.rows.T
            # log P(observed | absent) and log P(observed | present), 0 where nothing is known.
            noted, unknown = labels == 1, labels < 0
            absent = torch.where(noted, tables.invented, torch.log1p(-tables.invented.exp()))
            there = torch.where(noted, torch.log1p(-tables.missed.exp()), tables.missed)
            absent = absent.masked_fill(unknown, 0.0)
            there = there.masked_fill(unknown, 0.0)
            single = ((there - absent) * tables.single) @ tables.rows.T
            terms = []
            for component, inside in zip(self._components, tables.inside, strict=True):
                seen = (absent * (tables.single & inside)).sum(1, keepdim=True)
                seen = seen + single[:, component.rows]
                for number in component.groups:
                    seen = seen + self._of_group(number, labels, tables, component.rows)
                of = energy[:, component.rows]
                terms.append(of.logsumexp(1) - (of + seen).logsumexp(1))
            log_p = functional.logsigmoid(logits), functional.logsigmoid(-logits)
            each = -torch.logaddexp(log_p[0] + there, log_p[1] + absent)
            # What is unknown is exactly 0, and not the rounding of log(P + (1 - P)).
            each = torch.where(tables.free & ~unknown, each, 0.0)
            return torch.stack([*terms, each.sum(1)], 1)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss: `nll`, summed over components and averaged over faces; a scalar in nats."""
        return self.nll(logits, labels).sum() / max(len(logits), 1)

    def _of_group(self, number: int, labels: Tensor, tables: _Tables, rows: slice) -> Tensor:
        """log P(observed | a) of a group's class for each row of its component, [B, F]."""
        columns = list(self.groups[number])
        of, truth = labels[:, columns], tables.rows[rows][:, columns]
        some = (of == 1).any(1, keepdim=True)
        possible = torch.where(some, of == 1, of != 0).to(truth.dtype)
        number_of = possible.sum(1, keepdim=True)
        # A row without a class that is learnt: it is one of those that are not.
        other = (possible * ~tables.taught[columns]).amax(1, keepdim=True)
        hit = possible @ truth.T + other * (1 - truth.sum(1))
        error = self.noise.groups[number]
        log_p = (hit * (1 - error) + (number_of - hit) * (error / (len(columns) - 1))).log()
        # All noted as absent, or nothing known: no class was observed.
        told = (of >= 0).any(1, keepdim=True) & (number_of > 0)
        return torch.where(told, log_p, 0.0)

    def _prepared(self, logits: Tensor) -> tuple[Tensor, _Tables]:
        logits = logits if logits.dtype == torch.float64 else logits.float()
        key = (logits.device, logits.dtype)
        if key not in self._on:
            # Not inference tensors even if first used under inference mode: training may follow.
            with torch.inference_mode(False):
                self._on[key] = self._tables(*key)
        return logits, self._on[key]

    def _tables(self, device: torch.device, dtype: torch.dtype) -> _Tables:
        single = torch.ones(self.size, dtype=torch.bool, device="cpu")
        single[[column for of in self.groups for column in of]] = False
        free = torch.zeros(self.size, dtype=torch.bool, device="cpu")
        free[list(self.free)] = True
        inside = [torch.zeros_like(free) for _ in self._components]
        for component, at in zip(self._components, inside, strict=True):
            at[list(component.columns)] = True
        rates = [
            torch.tensor(of, dtype=dtype, device="cpu").log().to(device)
            for of in (self.noise.missed, self.noise.invented)
        ]
        return _Tables(
            self._rows.to(device, dtype),
            self._forced.to(device),
            self.taught.to(device),
            free.to(device),
            single.to(device),
            [at.to(device) for at in inside],
            *rates,
        )


@dataclass(frozen=True)
class _Tables:
    """What the layer computes with, on one device.

    Attributes:
        rows: [F, K], the rows of all components, zeros outside their learnt columns.
        forced: int8 [F, K], the labels that each row decides, else -1.
        taught: bool [K], what is learnt.
        free: bool [K], what is learnt and in no component.
        single: bool [K], what is in no group.
        inside: bool [K] of each component, its columns.
        missed: [K], log of the rate.
        invented: [K], log of the rate.
    """

    rows: Tensor
    forced: Tensor
    taught: Tensor
    free: Tensor
    single: Tensor
    inside: list[Tensor]
    missed: Tensor
    invented: Tensor


@torch.no_grad()
def fit_temperatures(
    layer: CoherentLayer, logits: Tensor, labels: Tensor, largest: float
) -> tuple[float, ...]:
    """Temperatures under which marginals tell best what is annotated.

    What is minimised is the cross-entropy of marginals, summed over known labels, since marginals
    are what is handed out, and the annotation is what they are held against; noise has no part in
    it. Each component's depends on its own temperature alone, so that all are sought at once: on a
    grid of log T, and then on finer ones around the best. A normal prior on log T, of standard
    deviation `_PRIOR`, leaves temperatures near 1 where few labels say otherwise.

    Args:
        layer: of the logits; it is left as it is.
        logits: [N, K] of faces that were neither trained nor stopped on.
        labels: [N, K] of 1 present, 0 absent, -1 unknown.
        largest: temperatures are sought from 1 / largest to largest.

    Returns:
        [C + 1]; 1 where no label of a component is known.
    """
    logits, labels = logits.double(), labels.to(logits.device)
    part, tiny = layer.part.to(logits.device), torch.finfo(torch.float32).tiny

    def loss(temperatures: Tensor) -> Tensor:
        p = layer.marginals(logits, temperatures).nan_to_num(0.5)
        right = torch.where(labels == 1, p, 1 - p).clamp_min(tiny).log()
        each = -torch.where(labels >= 0, right, 0.0).sum(0)
        return each.new_zeros(layer.count + 1).index_add(0, part, each).cpu()

    best = torch.zeros(layer.count + 1, dtype=logits.dtype, device="cpu")
    step = math.log(largest) / 10
    for _ in range(5):
        grid = best + step * torch.arange(-10, 11, dtype=logits.dtype)[:, None]
        losses = [loss(at.exp()) + (at / _PRIOR) ** 2 / 2 for at in grid]
        best = grid.gather(0, torch.stack(losses).argmin(0)[None])[0]
        step /= 10
    limit = math.log(largest)
    return tuple(best.clamp(-limit, limit).exp().tolist())


def _projected(table: Tensor, learnt: Tensor) -> tuple[Tensor, Tensor]:
    """Distinct rows over the learnt columns, and what each of them decides.

    Args:
        table: int8 [F, k], consistent assignments.
        learnt: bool [k].

    Returns:
        int8 [F', k] with zeros in columns that are not learnt, in the order in which they first
        occur, and int8 [F', k] with -1 in those that the assignments of a row disagree about.
    """
    kept = table * learnt
    distinct, row = torch.unique(kept, dim=0, return_inverse=True)
    order = torch.arange(len(kept), device="cpu")
    first = order.new_zeros(len(distinct)).scatter_reduce(0, row, order, "amin", include_self=False)
    at, none = row[:, None].expand_as(table), torch.zeros_like(distinct)
    most = none.scatter_reduce(0, at, table, "amax", include_self=False)
    least = none.scatter_reduce(0, at, table, "amin", include_self=False)
    order = first.argsort()
    return distinct[order], torch.where(most == least, most, -1)[order]
