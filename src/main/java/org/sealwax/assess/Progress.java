package org.sealwax.assess;

import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Place;

/** Hears how an assessment goes on. Called from several threads. */
public interface Progress {
  /**
   * Something begins.
   *
   * @param place where
   * @param what in a few words
   * @param connections opened there so far
   */
  void doing(Place place, String what, int connections);

  /** Something was found. */
  void found(Finding finding);

  /** Nobody listens. */
  static Progress none() {
    return new Progress() {
      @Override
      public void doing(Place place, String what, int connections) {}

      @Override
      public void found(Finding finding) {}
    };
  }
}
