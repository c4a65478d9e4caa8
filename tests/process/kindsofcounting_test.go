package process

// countingObjects hand out numbers by an object that a global variable holds, and that a function is given.
func countingObjects() []kind {
	return []kind{
		{name: "an object that a function is given", php: `
class Till { public $last=0; }
$till=new Till();
function ring($till) { $before=$till->last; usleep(1000); $till->last=$before+1; return $till->last; }
function number() { global $till; return ring($till); }`},
		{name: "objects in an array that a callback is mapped over", php: `
class Till { public $last=0; }
$tills=array("a" => new Till());
function number() { global $tills; $all=array_map(function ($till) { $till->last++; return $till->last; },$tills); return $all["a"]; }`},
		{name: "an object that another function has made", php: `
class Till { public $last=0; }
$tills=array();
function new_till() { return new Till(); }
function ring($till) { return ++$till->last; }
function ws_server_open(&$connections,&$connection,$client_key) { global $tills; if (!isset($tills["door"])) { $tills["door"]=new_till(); } }
function number() { global $tills; return ring($tills["door"]); }`},
		{name: "a queue that a function fills", php: `
$line=new SplQueue();
function join_line($line) { $line->enqueue("x"); return count($line); }
function number() { global $line; return join_line($line); }`},
		{name: "an object that json_decode has made", php: `
$state=json_decode('{"shop":{"last":0}}');
function ring($shop) { return ++$shop->last; }
function number() { global $state; return ring($state->shop); }`},
		{name: "an object that two functions return", php: `
class Till { public $last=0; }
$till=new Till();
function the_till() { return $GLOBALS["till"]; }
function ring($till) { $mine=$till; return ++$mine->last; }
function number() { return ring(the_till()); }`},
		{name: "an object that an array_walk changes", php: `
class Till { public $last=0; }
$tills=array(new Till());
function ring($till) { $till->last++; }
function number() { global $tills; array_walk($tills,"ring"); return $tills[0]->last; }`},
		{name: "a clone's inner object", php: `
class Drawer { public $last=0; }
class Till { public $drawer; public function __construct() { $this->drawer=new Drawer(); } }
$till=new Till();
function number() { global $till; $copy=clone $till; return ++$copy->drawer->last; }`},
	}
}

// countingMagic hand out numbers in a method that the code does not call by name.
func countingMagic() []kind {
	return []kind{
		{name: "reading an index", php: `
class Till implements ArrayAccess
{
	private $last=0;
	#[ReturnTypeWillChange]
	public function offsetGet($key) { return ++$this->last; }
	#[ReturnTypeWillChange]
	public function offsetSet($key,$value) { }
	#[ReturnTypeWillChange]
	public function offsetExists($key) { return True; }
	#[ReturnTypeWillChange]
	public function offsetUnset($key) { }
}
$till=new Till();
function number() { global $till; return $till["next"]; }`},
		{name: "conversion to a string", php: `
class Till { private $last=0; public function __toString() { $this->last++; return (string)$this->last; } }
$till=new Till();
function number() { global $till; return "$till"; }`},
		{name: "reading a property", php: `
class Till { private $last=0; public function __get($name) { return ++$this->last; } }
$till=new Till();
function number() { global $till; return $till->next; }`},
		{name: "a call of an object", php: `
class Till { private $last=0; public function __invoke() { return ++$this->last; } }
$till=new Till();
function number() { global $till; return $till(); }`},
		{name: "counting", php: `
class Till implements Countable { private $last=0; #[ReturnTypeWillChange]
	public function count() { return ++$this->last; } }
$till=new Till();
function number() { global $till; return count($till); }`},
		{name: "a loop over an object", php: `
class Till implements IteratorAggregate { private $last=0; #[ReturnTypeWillChange]
	public function getIterator() { $this->last++; return new ArrayIterator(array($this->last)); } }
$till=new Till();
function number() { global $till; foreach ($till as $n) { return $n; } }`},
		{name: "encoding as JSON", php: `
class Till implements JsonSerializable { private $last=0; #[ReturnTypeWillChange]
	public function jsonSerialize() { return ++$this->last; } }
$till=new Till();
function number() { global $till; return json_encode($till); }`},
		{name: "the end of an object", php: `
class Stamp { public function __destruct() { $GLOBALS["stamps"]++; } }
$stamps=0;
function number() { global $stamps; $stamp=new Stamp(); $stamp=Null; return $stamps; }`},
	}
}

// countingReferences hand out numbers by a variable that has another name.
func countingReferences() []kind {
	return []kind{
		{name: "a reference from one global variable to another", php: `
$last=0;
$book=array("last" => &$last);
function number() { global $book,$last; $book["last"]++; return $last; }`},
		{name: "a list by reference", php: `
$book=array("last" => 0);
function number() { global $book; ["last" => &$n]=$book; $n++; return $book["last"]; }`},
		{name: "a generator by reference", php: `
$book=array("last" => 0);
function &pages() { global $book; yield $book["last"]; }
function number() { global $book; foreach (pages() as &$n) { $n++; } unset($n); return $book["last"]; }`},
		{name: "a function that returns a reference", php: `
$book=array("last" => 0);
function &page() { global $book; return $book["last"]; }
function number() { $n=&page(); $n++; return $GLOBALS["book"]["last"]; }`},
		{name: "a loop by reference", php: `
$book=array("last" => 0);
function number() { global $book; foreach ($book as &$n) { $n++; } return $book["last"]; }`},
		{name: "a variable with a computed name", php: `
$book_last=0;
function number() { $name="book"; $name.="_last"; global $$name; return ++$$name; }`},
		{name: "an array's position", named: "position", php: `
$numbers=range(0,1000);
function number() { global $numbers; return next($numbers); }`},
		{name: "a closure that holds a reference", php: `
$last=0;
$count=function () use (&$last) { return ++$last; };
function number() { return call_user_func($GLOBALS["count"]); }`},
	}
}

// countingProcess hand out numbers by what only a process keeps.
func countingProcess() []kind {
	return []kind{
		{name: "a static variable", named: "static", php: `
function number() { static $last=0; return ++$last; }`},
		{name: "a static property of a parent class", named: "static", php: `
class Till { protected static $last=0; public static function ring() { return ++static::$last; } }
class CornerTill extends Till { }
function number() { return CornerTill::ring(); }`},
		{name: "a generator", named: "global", php: `
function numbers() { for ($n=1;;$n++) { yield $n; } }
$numbers=numbers();
function number() { global $numbers; $n=$numbers->current(); $numbers->next(); return $n; }`},
		{name: "a method's static variable", named: "static", php: `
class Till { public function ring() { static $last=0; return ++$last; } }
function number() { $till=new Till(); return $till->ring(); }`},
		{name: "an open file", named: "static", php: `
function number() { static $file=Null; if (!$file) { $file=tmpfile(); } fseek($file,0,SEEK_END); fwrite($file,"x"); return ftell($file); }`},
	}
}
