<?php
declare(strict_types=1);
namespace App\Chat { use Some\{Thing, Other as Renamed, Deep\Er}; use function strlen as len, Some\f; use const Some\X;

#[Attribute(Attribute::TARGET_CLASS), Deprecated("for [brackets]")]
enum Suit: string implements \JsonSerializable { case A = 'a'; case B = self::X . 'b'; const X = 'x';
	public static function make(): static { return static::from('a'); } public function jsonSerialize(): mixed { return $this?->value ?? null; } }
interface Shape extends \Countable { public const int SIDES = 4; public string $name { get; set; } public function area(): float|int|null; }
abstract readonly class Point { public function __construct(protected readonly int $x = new Er(1, [2]), private(set) ?string $y = null, public array &...$rest) { parent::__construct(); } }
final class Hooked { public string $v { get => strtoupper($this->v); set(string $value) { global $connections; $this->v = $value; } } abstract function none(): never; use A, B { A::m insteadof B; B::m as protected n; o as final; } }
class Promoted { function __construct(final public string $h = 'x' { &get => $this->h; #[A] final set(int|string $v) { global $n; $this->h = $v; } }, $i) { } public static $j { get; } }
function (A&B)|null typed() {}
function &reference((A&B)|null $a, int|string ...$more): (A&B)|null { static $x = 1, $y; return $x; }
$f = fn(int $x): array => [...$x, ...['a' => fn() => fn() => $x ?: throw new \Exception]];
$g = static function () use ($f, &$g): ?\Closure { yield from $f(...); yield $a => $b; };
match(true) { 1, 2 => $f(a: 1, b: ...$x), default => (function () { return 1; })(), };
$o?->list()?->class()::{'x'}()->{$a . 'b'}($c)[1]{'x'}; $o::class; new class(1, $connections) extends Point implements Shape { use T; function __invoke() { return new static; } };
echo <<<"A"
  {$a['b']["c"]->d} ${e} ${f['g']} ${h . 'i'} $j[k] $j[-1] $l->m $n?->p \$q {$r->s()} {$t::$u} {$v()}
    A . <<<'B'
  $connections {$x}
  B;
[$a, ['b' => [$c, , &$d]], list('x' => $e, $y => list(, $z))] = [1, 2]; foreach ($x as ['a' => $b, 'c' => [$d]]): endforeach;
label: goto label; $a = $b <=> $c ** $d ?? $e ??= $f |> strlen(...); $x = `ls $connections`; clone($a, ['b' => 1]); print $a and 1 or die("x");
if ($a): elseif ($b): else: endif; switch ($x): case 1; default: endswitch; while (1): break 2; endwhile; declare(ticks=1) { } try { } catch (\A|B) { } finally { }
#[A] fn() => 1; $$a->b = $$$c; ${'x'}{0}; unset($a[1], $b->c, $d::$e); global $$x, ${'y' . 1}, $z; $x = &$y['a']->b; isset($a, $b?->c) && empty($d); static fn&(&$x) => $x;
0x1F_FF + 0o17 + 1_000.5e-3; $a = (int) $b + (object) ['x' => 1]; $a instanceof (B::class); @$a[] = "a{$b}c" . 'd' . "e$f[0]";
}
namespace { function f() { } function ws_server_text($a, &$b, $c, ...$d) { $a[$c][1] = $db = new \PDO("x"); global $db, $n; $n++; App\Chat\typed(); sleep(1); session_start(); } exit; } ?>
text <?= $x ?> more <?php __halt_compiler(); binary <?php $connections
