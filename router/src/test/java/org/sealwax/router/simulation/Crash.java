package org.sealwax.router.simulation;

/** The end of a simulated process. An Error, so that nothing in the house catches it. */
final class Crash extends Error {
  Crash(String where) {
    super(where, null, false, false);
  }
}
