/**
 * The lab as a public service: tokens, their addresses and limits, and its web site.
 *
 * <p>Invariants: a token sees its own evidence only; nothing is sent but answers; text of senders
 * is escaped.
 */
@NullMarked
package org.sealwax.lab.serve;

import org.jspecify.annotations.NullMarked;
