from leorn.scoring.published_results import published_results


def test_charades_sta_rows_are_those_of_the_paper() -> None:
    assert published_results("charades-sta") == {
        "LEORN, objects (LEORN paper)": {"R1@0.5": 50.27, "R1@0.7": 30.97, "R5@0.5": 85.73, "R5@0.7": 62.42},
        "LEORN-F, I3D + objects (LEORN paper)": {"R1@0.5": 61.10, "R1@0.7": 40.97, "R5@0.5": 87.50, "R5@0.7": 70.54},
    }


def test_tacos_row_is_that_of_the_paper() -> None:
    (metrics,) = published_results("tacos").values()

    assert [metrics[f"R1@{iou}"] for iou in (0.1, 0.3, 0.5)] == [55.81, 46.09, 35.29]
    assert [metrics[f"R5@{iou}"] for iou in (0.1, 0.3, 0.5)] == [73.58, 64.08, 53.11]


def test_a_data_set_without_published_results_has_no_rows() -> None:
    assert published_results("jsonl") == {}
