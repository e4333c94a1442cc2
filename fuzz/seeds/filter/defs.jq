def ev($x; f): if $x then f elif .a? // false then .b else empty end;
reduce .[] as [$a, {b: $c}] (0; . + $a) | label $out | foreach (1, 2) as $i (.; . * $i; if . > 3 then ., break $out else . end)
