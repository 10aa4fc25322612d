package org.sealwax.report.received;

import java.time.Instant;
import org.sealwax.tlsrpt.Report;

/**
 * A report that was kept.
 *
 * @param at when it came
 * @param origin from where
 * @param report what it says about domains of ours; entries about others are left out
 */
public record ReceivedReport(Instant at, Origin origin, Report report) {}
