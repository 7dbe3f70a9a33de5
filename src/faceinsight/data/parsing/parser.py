"""Label maps by pyfacer: find the face, align it, parse it, and bring the map back.

pyfacer parses whole photographs and returns logits as large as they are. Here its own detector,
warp and network are used, but the logits are sampled only where the crop's pixels are: one batch
holds views of one size, whatever the photographs' sizes, and a small face in a large photograph is
seen at full resolution.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from faceinsight.common.devices import find_device
from faceinsight.common.recipes import recipe
from faceinsight.common.work import digest
from faceinsight.data.classes import MAP_CLASSES
from faceinsight.data.parsing.detector import PyfacerDetector
from faceinsight.data.parsing.settings import SegmentationSettings
from faceinsight.data.parsing.weights import check_weights, load_weights, loading, quiet_pyfacer

CLASS_OF_LABEL = {
    "background": "background",
    "neck": "neck",
    "face": "skin",
    "cloth": "cloth",
    "rr": "right_ear",
    "lr": "left_ear",
    "rb": "right_brow",
    "lb": "left_brow",
    "re": "right_eye",
    "le": "left_eye",
    "nose": "nose",
    "imouth": "mouth",
    "llip": "lower_lip",
    "ulip": "upper_lip",
    "hair": "hair",
    "eyeg": "eyeglasses",
    "hat": "hat",
    "earr": "earring",
    "neck_l": "necklace",
}
"""pyfacer's label names (`farl/celebm/448`, and `farl/lapa/448` which has 11 of them) to ours."""

_INPUT = 448
"""Side of the parser's input in pixels, as its name says."""

_CPU_FACES = 2
"""Faces that a CPU parses at a time: their logits, 15 MB each, decide."""

LEAST_OVERLAP = 0.2
"""Intersection over union below which a detected face is not the one that a label's box means."""


class PyfacerParser:
    """Parses batches of faces; detector and parser are loaded when they are first needed.

    Args:
        settings: which parser, its file and device.
        detector: finds the face to align; None where views are aligned crops already, which are
            parsed as they are.

    Raises:
        WeightsError: the file that the settings name does not exist.
    """

    def __init__(self, settings: SegmentationSettings, detector: PyfacerDetector | None) -> None:
        self._settings = settings
        self._detector = detector
        self._network: Any = None
        check_weights("parser_weights", settings.parser_weights)
        self.key = digest(
            settings.parser_weights,
            None if detector is None else detector.key,
            recipe("parsing"),
        )

    def __call__(
        self, views: np.ndarray, boxes: np.ndarray, window: tuple[float, float], size: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `faceinsight.data.crops.MapParser`.

        Raises:
            WeightsError: pyfacer's weights are not at hand.
        """
        import torch

        with loading:
            if self._network is None:
                self._network = self._load()
        parser = self._network
        with torch.inference_mode():
            images = torch.from_numpy(views).to(parser.device).permute(0, 3, 1, 2).float()
            points = np.full((len(views), 5, 2), np.nan, dtype=np.float32)
            if self._detector is not None:
                found = self._detector(images)
                for i, face in choose_faces(found, boxes).items():
                    points[i] = found["points"][face]
            # A CPU is slower where the logits outgrow its cache and are allocated anew each time.
            step = _CPU_FACES if parser.device.type == "cpu" else len(views)
            parts = [
                _parse(parser, images[i : i + step] / 255, points[i : i + step], window, size)
                for i in range(0, len(views), step)
            ]
            maps, detected = zip(*parts, strict=True)
            return np.concatenate(maps), np.concatenate(detected)

    def _load(self) -> Any:
        settings = self._settings
        device = find_device(settings.device, "segmentation.device")
        with quiet_pyfacer():
            import facer
            from facer.face_parsing.farl import pretrain_settings

            return load_weights(
                lambda path: facer.face_parser(settings.parser, device=device, model_path=path),
                "parser_weights",
                settings.parser_weights,
                pretrain_settings[settings.parser.partition("/")[2]]["url"][0],
            )


def choose_faces(found: dict[str, np.ndarray], boxes: np.ndarray) -> dict[int, int]:
    """Which of the detected faces is meant in each view.

    It is the one that overlaps the label's box most (intersection over union, at least
    `LEAST_OVERLAP`), or the largest where there is no box.

    Args:
        found: the detector's `rects` [n, 4] and `image_ids` [n]; both empty where n = 0.
        boxes: [b, 4], NaN where unknown.

    Returns:
        view to face, for those views that have one.
    """
    chosen: dict[int, tuple[float, int]] = {}
    for face, (rect, image) in enumerate(zip(found["rects"], found["image_ids"], strict=True)):
        area = np.prod(np.clip(rect[2:] - rect[:2], 0, None))
        box = boxes[int(image)]
        if np.isnan(box).any():
            score = area
        else:
            overlap = np.minimum(rect[2:], box[2:]) - np.maximum(rect[:2], box[:2])
            both = np.prod(np.clip(overlap, 0, None))
            score = both / max(area + np.prod(box[2:] - box[:2]) - both, 1e-6)
            if score < LEAST_OVERLAP:
                continue
        if score > chosen.get(int(image), (0.0, 0))[0]:
            chosen[int(image)] = (float(score), face)
    return {image: face for image, (_, face) in chosen.items()}


def _parse(
    parser: Any, images: Any, points: np.ndarray, window: tuple[float, float], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Align by the five points, or take the crop as it is where they are NaN; parse; sample.

    The aligned picture often reaches beyond the view. pyfacer fills it with black there, which its
    parser calls a hat on tight crops; here the view's edge is repeated (on 128 of CelebAMask-HQ's
    photographs, cut tight, mean IoU rises by up to 0.01, and no class falls by more than 0.02).

    Args:
        parser: pyfacer's.
        images: [b, 3, V, V] float32, 0 to 1.
        points: [b, 5, 2] in pixels of the view.
        window: start and side of the crop, as parts of V.
        size: S.

    Returns:
        maps [b, S, S] uint8, [b] bool whether the points were used.
    """
    import torch
    from torch.nn.functional import grid_sample

    view = images.shape[-1]
    setting = parser.setting
    # Matrices take pixels of the view to pixels of the parser's input. A crop pixel p is at
    # start + p * step in the view.
    start, side = (part * view for part in window)
    scale = _INPUT / side
    whole = torch.tensor([[scale, 0, -start * scale], [0, scale, -start * scale], [0, 0, 1]])
    matrix = whole.repeat(len(images), 1, 1)
    has_points = torch.from_numpy(~np.isnan(points).any(axis=(1, 2)))
    if has_points.any():
        aligned = setting["get_matrix_fn"](torch.from_numpy(points)[has_points])
        # Points that fall together give a matrix that has no inverse.
        usable = aligned.isfinite().all((1, 2)) & (aligned[:, :2, :2].det().abs() > 1e-6)
        has_points[has_points.clone()] = usable
        matrix[has_points] = aligned[usable]
    step = side / size
    to_view = torch.tensor([[step, 0, start], [0, step, start], [0, 0, 1]])
    matrix, from_frame = matrix.to(images.device), (matrix @ to_view).to(images.device)

    warp = setting["get_grid_fn"](matrix=matrix, orig_shape=(view, view))
    # The clamp: interpolation may exceed 1 by rounding, and pyfacer asserts that nothing does.
    warped = grid_sample(images, warp, padding_mode="border", align_corners=False).clamp_(0, 1)
    logits = parser.forward_warped(warped, return_preds=False)
    back = setting["get_inv_grid_fn"](matrix=from_frame, orig_shape=(size, size))
    labels = grid_sample(logits, back, align_corners=False).argmax(dim=1)
    return _classes(parser.label_names)[labels.cpu().numpy()], has_points.numpy()


def _classes(label_names: list[str]) -> np.ndarray:
    """Our class number of each of the parser's, [c] uint8."""
    return np.array([MAP_CLASSES.index(CLASS_OF_LABEL[n]) for n in label_names], dtype=np.uint8)
