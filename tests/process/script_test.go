package process

import "slices"

// What a process keeps and a request does not. A request per event answers the steps that lose it otherwise.
const (
	staticVariable = "a static variable of a function"
	staticProperty = "a static property of a class"
	closure        = "a closure in a variable"
	generator      = "a generator that has begun"
	objectState    = "an iterator's position"
	handle         = "an open file or process"
	definition     = "a constant, function or class that a handler has defined"
	randomState    = "the state of the random numbers"
	environment    = "the environment, folder, locale or umask of the process"
	setting        = "a setting of PHP that a handler has changed"
	errorHandler   = "an error handler"
	identity       = "two variables that are one object"
	reference      = "two variables that are one"
	orderOfRows    = "the order that a handler has brought $connections into"
	fileScope      = "file scope and ws_server_initialize run once"
	outputBuffer   = "an output buffer that was left open"
	processEnd     = "shutdown functions and destructors run at the end of the server"
)

// script is what the transcript records, in the order of the files in testdata/lib.
func script() []step {
	return slices.Concat(arrivals(), values(), handles(), code(), settings(), objects(), table(), once(), departures())
}

func arrivals() []step {
	return []step{
		enters("anna"),
		enters("bert").loses(staticVariable),
		enters("carl").loses(staticVariable),
		isRefused("mallory"),
		says("anna", "boots"),
		says("bert", "initialized"),
		says("carl", "end"),
		says("carl", "at_exit"),
		says("anna", "seed|42"),
		says("anna", "catch"),
	}
}

func values() []step {
	return []step{
		says("anna", "visit"),
		says("bert", "visit").loses(staticVariable),
		says("anna", "ticket"),
		says("carl", "ticket").loses(staticProperty),
		says("anna", "square|12"),
		says("bert", "square|12").loses(staticVariable),
		says("anna", "register|anna"),
		says("bert", "register|bert").loses(staticProperty),
		says("anna", "meter"),
		says("carl", "meter").loses(staticVariable),
		says("anna", "tally"),
		says("bert", "tally").loses(closure),
		says("anna", "upper|one"),
		says("bert", "upper|two").loses(staticVariable),
		says("anna", "hook|bell"),
		says("bert", "hook|bell").loses(staticProperty),
		says("carl", "fire|bell").loses(staticProperty),
		isWritten(`{"run":"bell"}`).loses(staticProperty),
		isWritten(`{"say":"hello"}`).loses(staticVariable),
		says("carl", "ask|The answer is"),
		says("carl", "reply_to|42").loses(closure),
		says("anna", "letter"),
		says("bert", "letter").loses(generator),
		says("anna", "add|3"),
		says("bert", "add|4").loses(generator),
		says("anna", "card"),
		says("carl", "card").loses(objectState),
	}
}

func handles() []step {
	return []step{
		says("anna", "jot|milk"),
		says("bert", "jot|bread"),
		says("carl", "jots").loses(handle),
		says("anna", "line"),
		says("bert", "line").loses(handle),
		says("anna", "hold"),
		says("bert", "hold").loses(handle),
		says("carl", "let_go").loses(handle),
		says("bert", "hold"),
		says("anna", "pipe_to|through the pipe"),
		says("bert", "pipe_from").loses(handle),
	}
}

func code() []step {
	return []step{
		says("anna", "define|LIMIT|10"),
		says("bert", "constant|LIMIT").loses(definition),
		says("anna", "teach|double|$x*2"),
		says("bert", "call|double|21").loses(definition),
		says("carl", "call|double|22").loses(definition),
		says("anna", "load|tax"),
		says("bert", "load|tax").loses(definition),
		says("carl", "call|tax|200").loses(definition),
		says("anna", "plugin|gold"),
		says("bert", "badge|1").loses(definition),
		says("anna", "autoload"),
		says("bert", "parcel"),
		says("carl", "parcel").loses(staticProperty),
		says("anna", "shelve|book|a story"),
		says("bert", "fetch|book").loses(definition),
	}
}

func settings() []step {
	return []step{
		says("anna", "random").loses(randomState),
		says("bert", "random").loses(randomState),
		says("carl", "random").loses(randomState),
		says("anna", "setenv|COLOUR|green"),
		says("bert", "getenv|COLOUR").loses(environment),
		says("anna", "chdir|lib"),
		says("bert", "cwd|poem.txt").loses(environment),
		says("anna", "setlocale|C.UTF-8"),
		says("bert", "locale").loses(environment),
		says("anna", "settimezone|Asia/Tokyo"),
		says("bert", "midnight").loses(setting),
		says("anna", "setumask|027"),
		says("bert", "umask").loses(environment),
		says("anna", "setprecision|4"),
		says("bert", "third").loses(setting),
		says("bert", "stumble|over a stone").loses(errorHandler),
		says("carl", "stumble|over a root").loses(errorHandler),
		says("anna", "quiet"),
		says("bert", "level").loses(setting),
		says("anna", "default|tests"),
		says("bert", "agent").loses(setting),
	}
}

func objects() []step {
	return []step{
		says("anna", "room|blue"),
		says("bert", "room|blue"),
		says("carl", "room|green"),
		says("anna", "same|2").loses(identity),
		says("bert", "same|3").loses(identity),
		says("anna", "paint|red"),
		says("bert", "colour").loses(identity),
		says("carl", "colour"),
		says("anna", "mood|merry").loses(identity),
		says("bert", "mood").loses(identity),
		says("anna", "rename|tower"),
		says("bert", "twins"),
		says("carl", "pair|1|2"),
		says("anna", "half|2").loses(identity),
		says("carl", "frame|2|by its socket"),
	}
}

func table() []step {
	return []step{
		says("anna", "table").loses(reference),
		says("anna", "tie|1|2"),
		says("bert", "score|5").loses(reference),
		says("anna", "score|7").loses(reference),
		says("carl", "crown|1"),
		says("bert", "entitle|duchess"),
		says("anna", "title").loses(reference),
		says("anna", "sort"),
		says("bert", "order").loses(orderOfRows),
		enters("dora").loses(staticVariable),
		says("dora", "order").loses(orderOfRows),
		says("dora", "table").loses(reference),
		says("anna", "keep|a|1"),
		says("bert", "keep|b|2"),
		says("carl", "kept"),
		says("anna", "session|apple"),
		says("bert", "session|banana"),
		says("anna", "session"),
		says("bert", "session"),
	}
}

func once() []step {
	return []step{
		says("anna", "boot"),
		says("anna", "boots").loses(fileScope),
		says("bert", "guests").loses(fileScope),
		says("bert", "initialized").loses(fileScope),
		waits("anna", "later|next turn").loses(closure),
		waits("bert", "alarm"),
		says("anna", "open_buffer"),
		says("bert", "close_buffer").loses(outputBuffer),
	}
}

func departures() []step {
	return []step{
		says("anna", "host|2"),
		leaves("anna").loses(staticVariable),
		says("carl", "entitle|lady"),
		says("carl", "order"),
		enters("emil").loses(staticVariable),
		hangsUp("emil").loses(staticVariable),
		says("carl", "end").loses(processEnd),
		leaves("carl").loses(staticVariable),
		theServerStops().loses(processEnd),
	}
}
