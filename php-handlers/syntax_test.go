package phphandlers

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// phpFiles returns the names of the shipped PHP files.
func phpFiles(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".php") {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) < 20 {
		t.Fatalf("found %d files, %v", len(names), err)
	}
	return names
}

func checkSyntax(t *testing.T, names ...string) string {
	t.Helper()
	out, err := exec.Command(phpBinary(t), append([]string{"testdata/syntax.php"}, names...)...).CombinedOutput()
	if (err == nil) != (len(out) == 0) {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestShippedFilesAreSyntaxOfPHP56(t *testing.T) {
	needsVersion(t, 80000, "the check reads the tokens of PHP 8")
	if found := checkSyntax(t, phpFiles(t)...); found != "" {
		t.Error(found)
	}
}

func TestShippedFilesCompile(t *testing.T) {
	for _, name := range phpFiles(t) {
		if out := runPHP(t, "-d", "error_reporting=-1", "-d", "display_errors=1", "-l", name); !strings.HasPrefix(out, "No syntax errors") {
			t.Error(out)
		}
	}
}

func TestNewerSyntaxIsRefused(t *testing.T) {
	needsVersion(t, 80000, "the check reads the tokens of PHP 8")
	dir := t.TempDir()
	samples := []string{
		`$a ?? 1;`, `$a ??= 1;`, `$a <=> $b;`, `$a?->b;`, `$f = fn() => 1;`, `match ($a) { 1 => 2 };`, `enum A {}`, "#[A]\nfunction f() {}",
		`class A { readonly $x; }`, `function f() { yield from g(); }`, `$a = 1_000;`, `$a = 0o17;`, "$a = <<<A\n  x\n  A;", "f(<<<A\nx\nA, 1);",
		`$a = "\u{e4}";`, `$a = "$b\u{e4}";`, `class A { public const B = 1; }`, `class A { public int $b; }`, `class A { private static ?A $b; }`,
		`$a = new class {};`, `$a = new ($b);`, `$a::class;`, `f()::class;`, `class A { function list() {} }`, `A::print();`, `use A\{B, C};`,
		`f()();`, `(function () {})();`, `foreach ($a as [$b, $c]) {}`, `foreach ($a as $k => [$b, $c]) {}`, `[$a, $b] = $c;`, `[f()]();`,
		`$a = $b ? 1 : throw $c;`, `$a or throw $b;`, `try {} catch (A | B $e) {}`, `try {} catch (A) {}`, `list("a" => $b) = $c;`, `list(&$b) = $c;`,
		`f(a: 1);`, `f(1, b: 2);`, `$a = [...$b];`, `$a = array(...$b);`, `f(...);`, `f(1, 2,);`, `function f($a, $b,) {}`, `function f(int $a) {}`,
		`function f($a, string ...$b) {}`, `function f(?A $a) {}`, `function f(A|B $a) {}`, `class A { function __construct(private $a) {} }`,
		`function f(): A {}`, `$f = function () use ($a): A {};`, `function f(object &$a) {}`, `abstract class A { abstract function f(): void; }`,
		`str_contains($a, $b);`, `\random_bytes(4);`, `array_key_last($a);`, `intdiv(1, 2);`, `hrtime();`, `error_clear_last();`, `$a = PHP_INT_MIN;`,
		`json_encode($a, JSON_THROW_ON_ERROR);`, `each($a);`, `create_function("", "");`, `utf8_encode($a);`, `spl_object_hash($a);`,
	}
	var names []string
	for i, sample := range samples {
		name := filepath.Join(dir, fmt.Sprintf("%d.php", i))
		if err := os.WriteFile(name, []byte("<?php\n"+sample+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	found := checkSyntax(t, names...)
	for i, name := range names {
		if !strings.Contains(found, name+":") {
			t.Errorf("accepted: %s", samples[i])
		}
	}
}

func TestOldSyntaxIsAccepted(t *testing.T) {
	needsVersion(t, 80000, "the check reads the tokens of PHP 8")
	name := filepath.Join(t.TempDir(), "old.php")
	const old = `<?php
namespace A\B;
use A\C as D;
use function A\f;
abstract class E extends \Exception implements \Countable {
	const F = [1, 2, 'x' => [3,],];
	public static $g = array(1, 2,);
	protected $h, $i = null;
	final public static function j(array $k, callable $l = null, self $m = null, \E &$n = null, ...$o) { return static::class; }
	abstract protected function &next($p);
	public function str_contains() { return $this->str_contains() ? self::F[0] : $this->{'a'}()['b']; }
}
list($a, , list($b)) = $c;
foreach ($a as $b => list($c, $d)) { if ($a) { continue 2; } elseif ($b): endif; }
$f = function ($a) use (&$b) { yield $a => [1]; };
try { f(...$a); } catch (D $e) { throw $e; } finally { $f($a)[0]; }
switch ($a) { case F: break; case D::F: throw $e; default: (new D)->e(); }
$x = $a ?: ($b ? F : D) . "{$a['x']} ${b} \$ \u00e4" . 2 ** 3 . 0x1F . 1.5e3 . 017;
$y = <<<EOT
 text $x[0] {$x->y}
EOT;
$a[0]($b, [$c => $d,], array($e,));
$a{0};
`
	// PHP 8 refuses the last line; the check only looks at tokens.
	if err := os.WriteFile(name, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := checkSyntax(t, name); found != "" {
		t.Error(found)
	}
}
