// Rows of a tile that a thread multiplies, and tokens.
const EACH = 8u;
