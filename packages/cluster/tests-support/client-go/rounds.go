// Added to client-go's package: rounds that a test makes, instead of Run, which makes them by the clock.
package leaderelection

import (
	"context"
	"time"
)

// Pass lets time go by.
func (le *LeaderElector) Pass(passed time.Duration) {
	le.observedTime = le.observedTime.Add(-passed)
}

// Round is what Run does every RetryPeriod.
func (le *LeaderElector) Round(ctx context.Context) bool {
	return le.tryAcquireOrRenew(ctx)
}

// Release is what Run does at its end with ReleaseOnCancel.
func (le *LeaderElector) Release() bool {
	return le.release()
}
