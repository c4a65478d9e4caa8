// Axes: from values to places, and the round numbers that stand beside them.

// scale maps [from, to] to [start, end].
export function scale(from, to, start, end) {
    const factor = to === from ? 0 : (end - start) / (to - from);
    return value => start + (value - from) * factor;
}

// ticks returns round values from 0 to at least max, about as many as wanted; the last is the axis's end. With whole
// there is nothing between whole numbers.
export function ticks(max, wanted, whole) {
    const rough = Math.max(max, whole ? 1 : 1e-9) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    let step = [1, 2, 5, 10].map(n => n * power).find(s => s >= rough * 0.999);
    step = whole ? Math.max(1, step) : step;
    return Array.from({ length: Math.max(1, Math.ceil(max / step - 1e-9)) + 1 }, (_, i) => i * step);
}

// timeTicks returns the round times in [from, to], in ms, about as many as wanted.
export function timeTicks(from, to, wanted) {
    const rough = (to - from) / wanted;
    const step = [15, 30, 60, 120, 300, 600].map(s => s * 1000).find(s => s >= rough) || 600_000;
    const first = Math.ceil(from / step) * step;
    return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, i) => first + i * step);
}
