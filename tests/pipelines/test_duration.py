from faceinsight.pipelines.duration import expected

PARAMETERS = {
    "drawing": {"faces": 500},
    "training": {"epochs": 10},
    "datasets": dict.fromkeys("abcd"),
}


def test_of_drawn_faces_the_time_is_told():
    # 4 x 500 x 0.77 x 10 = 15,400 images, a minute at 250 a second, and a minute beside.
    assert "4 models to train, 2 at a time" in expected(4, 2, PARAMETERS)
    assert "on about 1,540 drawn faces for 10 epochs: about 4 minutes" in expected(4, 2, PARAMETERS)
    assert "1 model to train, on" in expected(1, 1, PARAMETERS)
    assert "about 2 minutes" in expected(1, 1, PARAMETERS)


def test_of_photographs_of_ones_own_the_number_is_not_known_yet():
    assert expected(4, 1, PARAMETERS | {"drawing": None}) == "4 models to train."
