package org.sealwax.assess;

import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;

/** A listener for the progress of an assessment. Called from several threads. */
public interface ProgressListener {
  /**
   * Something begins.
   *
   * @param location where
   * @param what in a few words
   * @param connections opened there so far
   */
  void checking(FindingLocation location, String what, int connections);

  /** Something was found. */
  void found(Finding finding);

  /** Ignores all progress. */
  static ProgressListener none() {
    return new ProgressListener() {
      @Override
      public void checking(FindingLocation location, String what, int connections) {}

      @Override
      public void found(Finding finding) {}
    };
  }
}
