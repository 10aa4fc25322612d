package org.sealwax.assess;

import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;

/** Hears how an assessment goes on. Called from several threads. */
public interface ProgressListener {
  /**
   * Something begins.
   *
   * @param place where
   * @param what in a few words
   * @param connections opened there so far
   */
  void checking(FindingLocation place, String what, int connections);

  /** Something was found. */
  void found(Finding finding);

  /** Nobody listens. */
  static ProgressListener none() {
    return new ProgressListener() {
      @Override
      public void checking(FindingLocation place, String what, int connections) {}

      @Override
      public void found(Finding finding) {}
    };
  }
}
