/**
 * Assessments as a public service: a visitor names a domain, waits in a queue, and gets a page with
 * a permanent address.
 *
 * <p>{@link org.sealwax.assess.serve.ScanService} has the queue and its limits, {@link
 * org.sealwax.assess.serve.TargetApproval} decides what may be scanned, {@link
 * org.sealwax.assess.serve.ApprovedDialer} enforces it at each connection, {@link
 * org.sealwax.assess.serve.ResultStore} keeps the results, and {@link
 * org.sealwax.assess.serve.ScanWebSite} has the pages and the JSON.
 *
 * <p>Invariants: a visitor names a domain and nothing else; a connection goes to port 25 of an
 * address that the public MX records of a domain under scan name, or to port 80 or 443 of a public
 * address, and nowhere else; a GET starts nothing; only results are written to the disk; queue,
 * memory, disk and scans at a time are bounded.
 */
@NullMarked
package org.sealwax.assess.serve;

import org.jspecify.annotations.NullMarked;
