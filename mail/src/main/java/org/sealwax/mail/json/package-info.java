/**
 * JSON (RFC 8259), written and read. {@link org.sealwax.mail.json.Json} is for documents; {@link
 * org.sealwax.mail.json.JsonLine} is for lines of the log and of receipts, which are written for
 * each message and must not load a library; {@link org.sealwax.mail.json.JsonMembers} reads such
 * lines back.
 *
 * <p>Invariants: escaping and numbers have one form each; no text from outside can end its string
 * or its line; a document with two readings (a member twice, something after its end) is refused.
 */
@NullMarked
package org.sealwax.mail.json;

import org.jspecify.annotations.NullMarked;
