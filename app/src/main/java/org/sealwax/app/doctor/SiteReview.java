package org.sealwax.app.doctor;

import java.util.List;

/** Looks at one side of the site and judges it. Changes nothing, sends no mail. */
@FunctionalInterface
interface SiteReview {
  /** What was found; blocks while the network is asked, within time limits. */
  List<SiteFinding> findings() throws InterruptedException;
}
