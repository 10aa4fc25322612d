/**
 * The rules that judge a sender's behaviour in the lab.
 *
 * <p>{@link org.sealwax.lab.judge.SightingFacts} are the facts of one sighting; {@link
 * org.sealwax.lab.judge.TrapExpectation} is the table of what a correct sender does in each test
 * case of the lab, written out trap by trap and context by context; {@link
 * org.sealwax.lab.judge.SenderAssessment} compares one with the other and returns findings as the
 * whole assessment does, with the two numbers that matter: leaks and losses.
 *
 * <p>Pure: no sockets, no clock. A profile shows what a sender chose where the standards leave a
 * choice, so that a legal choice is not punished. RFC 7435, 7672, 8461, 5321.
 */
@NullMarked
package org.sealwax.lab.judge;

import org.jspecify.annotations.NullMarked;
