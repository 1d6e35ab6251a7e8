;; Sums memory[at, at + length) as little-endian 16-bit words, a last odd byte as a word of its own.
;; The result needs folding; it fits 32 bits (unsigned) for lengths up to 2^18.
(module
  (import "packets" "memory" (memory 1 65536 shared))
  (func (export "wordSum") (param $at i32) (param $length i32) (result i32)
    (local $end i32)
    (local $sum i32)
    ;; Four sums each.
    (local $even v128)
    (local $odd v128)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (block $few
      (loop $next
        (br_if $few (i32.gt_u (i32.add (local.get $at) (i32.const 32)) (local.get $end)))
        (local.set $even
          (i32x4.add (local.get $even) (i32x4.extadd_pairwise_i16x8_u (v128.load align=1 (local.get $at)))))
        (local.set $odd
          (i32x4.add (local.get $odd) (i32x4.extadd_pairwise_i16x8_u (v128.load offset=16 align=1 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (br $next)))
    (if (i32.le_u (i32.add (local.get $at) (i32.const 16)) (local.get $end))
      (then
        (local.set $even
          (i32x4.add (local.get $even) (i32x4.extadd_pairwise_i16x8_u (v128.load align=1 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))))
    (local.set $even (i32x4.add (local.get $even) (local.get $odd)))
    ;; Folded, so that the four together fit.
    (local.set $even
      (i32x4.add
        (v128.and (local.get $even) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff))
        (i32x4.shr_u (local.get $even) (i32.const 16))))
    (local.set $sum
      (i32.add
        (i32.add (i32x4.extract_lane 0 (local.get $even)) (i32x4.extract_lane 1 (local.get $even)))
        (i32.add (i32x4.extract_lane 2 (local.get $even)) (i32x4.extract_lane 3 (local.get $even)))))
    (block $last
      (loop $next
        (br_if $last (i32.gt_u (i32.add (local.get $at) (i32.const 2)) (local.get $end)))
        (local.set $sum (i32.add (local.get $sum) (i32.load16_u align=1 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (br $next)))
    (if (i32.lt_u (local.get $at) (local.get $end))
      (then (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))))
    (local.get $sum)))
