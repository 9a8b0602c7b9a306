from bench import page


def test_a_larger_page_has_a_larger_index():
    small, large = page.measure(segments=20, times=1).section("page").rows
    assert (small.segments, large.segments) == (1, 20)
    assert large.index_kib > small.index_kib
    assert min(small.opened_s, large.opened_s, large.written_s) > 0
