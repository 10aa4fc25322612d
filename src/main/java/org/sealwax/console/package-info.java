/**
 * Floor 5: what a browser or a monitor sees: {@code /metrics} in Prometheus' text form, {@code
 * /health} and {@code /ready}, off unless configured; and reports as pages and badges ({@link
 * org.sealwax.assess.render.ReportPage}, {@link org.sealwax.lab.serve.SenderReportPage}, {@link
 * org.sealwax.assess.render.GradeBadge}), served by {@link org.sealwax.mail.http.StaticPageServer};
 * and the site of the public lab ({@link org.sealwax.lab.serve.LabWebSite}). The only room that
 * knows HTML.
 *
 * <p>Invariants: reports need nothing beside themselves and no script; the lab's site has its own
 * files only, and is whole without its script; strangers' text is escaped.
 */
@NullMarked
package org.sealwax.console;

import org.jspecify.annotations.NullMarked;
