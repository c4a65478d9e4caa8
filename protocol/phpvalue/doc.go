// Package phpvalue writes and reads PHP values in the two forms in which they travel: as PHP's serialize() writes them, and
// as JSON in which the PHP half tags what JSON cannot carry. It imports the standard library only, and its functions may be
// called concurrently.
//
// A tagged value is an object with the single key "\u0000php", whose value is the output of serialize() in base64. A tagged
// name is "\u0000b64:" followed by base64. Package protocol says when PHP uses them.
package phpvalue
