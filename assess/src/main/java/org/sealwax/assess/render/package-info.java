/**
 * Assessments for people and programs: text, JSON, HTML pages and badges.
 *
 * <p>Invariants: a page needs nothing besides itself and no script; text of the assessed server is
 * escaped.
 */
@NullMarked
package org.sealwax.assess.render;

import org.jspecify.annotations.NullMarked;
