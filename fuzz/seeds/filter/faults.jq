import "m" as m; include "n"; m::f | env, $ENV, halt, foo(1; 2), $x | break $y
